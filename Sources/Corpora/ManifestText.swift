import Files
import Tables

/// A manifest's bytes as UTF-8, and what separates its fields, if the text says so. Converts what spreadsheets write
/// into what `CSVReader` reads, with a notice of each assumption.
///
/// UTF-16 with a byte order mark (as in a spreadsheet's "Unicode text") is decoded. A first line `sep=;` names the
/// delimiter; without it, the header's names show which one it is (`ManifestHeader`).
struct ManifestText {
    let file: String
    let bytes: [UInt8]
    /// The delimiter that a `sep=` line names; nil if there is no such line.
    let delimiter: UInt8?
    /// Where the header is expected, as an offset in bytes, and on which line; nil for the start of the text.
    let header: (start: Int, line: Int)?
    let notices: [String]

    /// Delimiters to try, in this order.
    static let delimiters: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    /// - Throws: `TableError` for UTF-16 that is broken, UTF-32, or a `sep=` line that names no known delimiter.
    init(_ raw: [UInt8], file: String) throws {
        self.file = file
        var notices: [String] = []
        if raw.starts(with: [0xFF, 0xFE, 0, 0]) || raw.starts(with: [0, 0, 0xFE, 0xFF]) {
            throw TableError(file: file, line: 1, found: "UTF-32", expected: "UTF-8, or UTF-16 with its mark")
        } else if raw.starts(with: [0xFF, 0xFE]) {
            bytes = try Self.utf8(raw, isLittleEndian: true, file: file)
            notices.append("read as UTF-16, little-endian")
        } else if raw.starts(with: [0xFE, 0xFF]) {
            bytes = try Self.utf8(raw, isLittleEndian: false, file: file)
            notices.append("read as UTF-16, big-endian")
        } else {
            bytes = raw
        }
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
        var line = bytes[start..<end]
        if line.first == UInt8(ascii: "\""), line.last == UInt8(ascii: "\""), line.count >= 2 {
            line = line.dropFirst().dropLast()
        }
        if line.starts(with: "sep=".utf8), !line.contains(UInt8(ascii: ",")) || line.count == 5 {
            guard line.count == 5, let found = line.last, Self.delimiters.contains(found) || found == UInt8(ascii: "|")
            else {
                throw TableError(
                    file: file, line: 1, found: "'\(PathText.text(line))'",
                    expected: "sep= and a comma, a semicolon, a tab or '|'")
            }
            let isPair = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
            delimiter = found
            header = (min(bytes.count, end + (isPair ? 2 : 1)), 2)
        } else {
            delimiter = nil
            header = nil
        }
        self.notices = notices
    }

    /// Converts UTF-16 after its byte order mark to UTF-8.
    private static func utf8(_ raw: [UInt8], isLittleEndian: Bool, file: String) throws -> [UInt8] {
        var line = 1
        func wrong(_ found: String) -> TableError {
            TableError(file: file, line: line, found: "\(found) in UTF-16", expected: "whole characters")
        }
        var out: [UInt8] = []
        out.reserveCapacity(raw.count / 2 + 16)
        var high: UInt32?
        var place = 2
        while place + 1 < raw.count {
            let (low, top) = isLittleEndian ? (raw[place], raw[place + 1]) : (raw[place + 1], raw[place])
            let unit = UInt32(top) << 8 | UInt32(low)
            place += 2
            var value = unit
            if let first = high {
                guard 0xDC00...0xDFFF ~= unit else { throw wrong("half a surrogate pair") }
                value = 0x10000 + (first - 0xD800) << 10 + (unit - 0xDC00)
                high = nil
            } else if 0xD800...0xDBFF ~= unit {
                high = unit
                continue
            }
            guard let scalar = Unicode.Scalar(value) else { throw wrong("half a surrogate pair") }
            if value == 0x0A { line += 1 }
            if value < 0x80 { out.append(UInt8(value)) } else { out += UTF8.encode(scalar).map(Array.init) ?? [] }
        }
        if high != nil || place < raw.count { throw wrong("half a character at the end") }
        return out
    }
}
