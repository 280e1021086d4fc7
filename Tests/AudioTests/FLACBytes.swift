/// A FLAC file taken apart, so that its frames and its promises can be changed and still have right checksums.
struct FLACBytes {
    /// All before the first frame.
    var head: [UInt8]
    var frames: [[UInt8]]

    struct Refused: Error {}

    /// - Parameter bytes: of libFLAC, with blocks of one length but for the last and fewer than 128 of them.
    init(_ bytes: [UInt8]) throws {
        guard bytes.starts(with: Array("fLaC".utf8)) else { throw Refused() }
        var place = 4
        while true {
            let isLast = bytes[place] & 0x80 != 0
            place += 4 + Int(bytes[place + 1]) << 16 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3])
            if isLast { break }
        }
        head = Array(bytes[..<place])
        var starts: [Int] = []
        for at in place..<bytes.count - 8 where bytes[at] == 0xFF && bytes[at + 1] == 0xF8 {
            let end = at + Self.headerLength(bytes[at...])
            guard end < bytes.count, Int(bytes[at + 4]) == starts.count else { continue }
            if Self.crc8(bytes[at..<end]) == bytes[end] { starts.append(at) }
        }
        guard starts.first == place else { throw Refused() }
        frames = zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
        guard frames.allSatisfy({ Self.crc16($0[...]) == 0 }) else { throw Refused() }
    }

    var bytes: [UInt8] { head + frames.flatMap { $0 } }

    /// Of STREAMINFO, in sample frames.
    var total: Int {
        get { head[21..<26].reduce(0) { $0 << 8 | Int($1) } & 0xF_FFFF_FFFF }
        set {
            head[21] = head[21] & 0xF0 | UInt8(newValue >> 32)
            for index in 0..<4 { head[22 + index] = UInt8(truncatingIfNeeded: newValue >> (8 * (3 - index))) }
        }
    }

    /// Gives a frame another number.
    static func renumbered(_ frame: [UInt8], _ number: Int) -> [UInt8] {
        var out = frame
        out[4] = UInt8(number)
        let end = headerLength(out[...])
        out[end] = crc8(out[..<end])
        return sealed(out)
    }

    /// With the right checksum at its end.
    static func sealed(_ frame: [UInt8]) -> [UInt8] {
        let body = frame.dropLast(2)
        let crc = crc16(body)
        return body + [UInt8(crc >> 8), UInt8(crc & 0xFF)]
    }

    /// Bytes before the header's checksum, for numbers of one byte.
    private static func headerLength(_ bytes: ArraySlice<UInt8>) -> Int {
        let at = bytes.startIndex
        let block = bytes[at + 2] >> 4
        let rate = bytes[at + 2] & 15
        return 5 + (block == 6 ? 1 : block == 7 ? 2 : 0) + (rate == 12 ? 1 : rate == 13 || rate == 14 ? 2 : 0)
    }

    private static func crc8(_ bytes: ArraySlice<UInt8>) -> UInt8 {
        bytes.reduce(0) { crc, byte in
            (0..<8).reduce(crc ^ byte) { value, _ in value << 1 ^ (value >> 7 == 1 ? 0x07 : 0) }
        }
    }

    private static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(0) { crc, byte in
            (0..<8).reduce(crc ^ UInt16(byte) << 8) { value, _ in value << 1 ^ (value >> 15 == 1 ? 0x8005 : 0) }
        }
    }
}
