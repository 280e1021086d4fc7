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
        case "FORM": return riff(file, size, bigEndian: true, dataTag: "SSND")
        case "OggS": return ogg(file, size)
        default: return nil
        }
    }

    /// Walks the chunks of a RIFF or an IFF file to the one with the samples.
    private static func riff(_ file: Int32, _ size: Int, bigEndian: Bool, dataTag: String) -> String? {
        var place = 12
        for _ in 0..<1000 {
            let head = bytes(file, place, 8)
            guard head.count == 8 else {
                return "cut short: the file ends at byte \(size), before any samples"
            }
            let digits = bigEndian ? Array(head[4..<8]) : head[4..<8].reversed()
            let length = digits.reduce(0) { $0 << 8 | Int($1) }
            if String(decoding: head[0..<4], as: UTF8.self) == dataTag {
                let end = place + 8 + length
                return end > size
                    ? "cut short: samples should go on to byte \(end), the file ends at byte \(size)" : nil
            }
            place += 8 + length + (length & 1)
        }
        return nil
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
