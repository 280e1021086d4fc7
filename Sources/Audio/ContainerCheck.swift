import Foundation

/// Finds out from the container alone whether a file ends too soon.
enum ContainerCheck {
    /// Bytes of the end that are searched for an Ogg page: a page is at most 65,307 bytes long.
    private static let oggTail = 65_536

    /// What is missing, or nil where nothing is or the container does not tell.
    static func shortfall(_ path: [CChar]) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        let size = Int(status.st_size)
        let head = bytes(file, 0, 12)
        guard head.count == 12 else { return nil }
        switch String(decoding: head[0..<4], as: UTF8.self) {
        case "RIFF": return riff(file, size, bigEndian: false, dataTag: "data")
        case "RF64": return riff(file, size, bigEndian: false, dataTag: "data")
        case "riff": return wave64(file, size)
        case "FORM": return riff(file, size, bigEndian: true, dataTag: "SSND")
        case "OggS": return ogg(file, size)
        default: return nil
        }
    }

    /// Walks the chunks of a RIFF, an RF64 or an IFF file to the one with the samples.
    private static func riff(_ file: Int32, _ size: Int, bigEndian: Bool, dataTag: String) -> String? {
        var place = 12
        /// The length of the samples in an RF64 file, whose own chunk has no room for it.
        var wide: Int?
        for _ in 0..<1000 {
            let head = bytes(file, place, 8)
            guard head.count == 8 else { return noSamples(size) }
            let length = number(bigEndian ? Array(head[4..<8].reversed()) : Array(head[4..<8]))
            switch String(decoding: head[0..<4], as: UTF8.self) {
            case "ds64": wide = number(bytes(file, place + 16, 8))
            case dataTag:
                let real = length == 0xFFFF_FFFF ? wide ?? length : length
                return shortfall(from: place + 8, real, size)
            default: break
            }
            place += 8 + length + (length & 1)
        }
        return nil
    }

    /// Walks the chunks of a Sony Wave64 file: 16 bytes of name, a length that counts its own head, 8-byte steps.
    private static func wave64(_ file: Int32, _ size: Int) -> String? {
        var place = 40
        for _ in 0..<1000 {
            let head = bytes(file, place, 24)
            guard head.count == 24 else { return noSamples(size) }
            let length = number(head[16..<24])
            guard length >= 24 else { return nil }
            if String(decoding: head[0..<4], as: UTF8.self) == "data" {
                return shortfall(from: place + 24, length - 24, size)
            }
            place = min(place + (length + 7) / 8 * 8, size)
        }
        return nil
    }

    private static func shortfall(from start: Int, _ length: Int, _ size: Int) -> String? {
        start + length > size
            ? "cut short: samples should go on to byte \(start + length), the file ends at byte \(size)" : nil
    }

    private static func noSamples(_ size: Int) -> String {
        "cut short: the file ends at byte \(size), before any samples"
    }

    /// Lowest byte first; never so large that adding a place to it would overflow.
    private static func number(_ digits: some BidirectionalCollection<UInt8>) -> Int {
        let value = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(min(value, UInt64(Int.max / 4)))
    }

    /// The last page of an Ogg file says that it is the last.
    private static func ogg(_ file: Int32, _ size: Int) -> String? {
        let start = max(0, size - oggTail)
        let tail = bytes(file, start, size - start)
        let mark = Array("OggS".utf8)
        var place = tail.count - 27
        while place >= 0 {
            if tail[place] == mark[0], Array(tail[place..<place + 4]) == mark {
                let segments = Int(tail[place + 26])
                guard place + 27 + segments <= tail.count else { return "cut short: its last page is not whole" }
                let body = tail[(place + 27)..<(place + 27 + segments)].reduce(0) { $0 + Int($1) }
                if place + 27 + segments + body > tail.count { return "cut short: its last page is not whole" }
                return tail[place + 5] & 4 == 0 ? "cut short: its last page is not marked as the end" : nil
            }
            place -= 1
        }
        return "cut short: no Ogg page at its end"
    }

    private static func bytes(_ file: Int32, _ offset: Int, _ count: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        let got = out.withUnsafeMutableBytes { pread(file, $0.baseAddress, count, off_t(offset)) }
        return got == count ? out : Array(out.prefix(max(0, got)))
    }
}
