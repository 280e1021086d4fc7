/// Replaces the serial number of an Ogg stream. libsndfile draws one at random, so the same sound would be other bytes
/// each time that it is encoded, and a report another file.
enum OggSerial {
    /// Gives all pages the serial number, and their checksums anew. Bytes that are no whole page, and all after them, stay
    /// as they are.
    static func set(_ serial: UInt32, in bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { all in
            var place = 0
            while place + 27 <= all.count, all[place..<place + 4].elementsEqual("OggS".utf8) {
                let segments = Int(all[place + 26])
                guard place + 27 + segments <= all.count else { return }
                let length = 27 + segments + all[place + 27..<place + 27 + segments].reduce(0) { $0 + Int($1) }
                guard place + length <= all.count else { return }
                all.storeBytes(of: serial.littleEndian, toByteOffset: place + 14, as: UInt32.self)
                let page = UnsafeRawBufferPointer(rebasing: all[place..<place + length])
                let checksum = OggChecksum.of(page, length)
                all.storeBytes(of: checksum.littleEndian, toByteOffset: place + 22, as: UInt32.self)
                place += length
            }
        }
    }
}
