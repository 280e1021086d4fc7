import Files

/// A table's bytes as UTF-8, and its delimiter if the text names one. Converts what spreadsheets write into what
/// `CSVReader` reads, with a notice of each assumption.
///
/// UTF-16 with a byte order mark (as in a spreadsheet's "Unicode text") is decoded. A first line such as `sep=;` names
/// the delimiter; without it, the delimiter is inferred from the names in the header.
package struct SpreadsheetText {
    package let file: String
    package let bytes: [UInt8]
    /// The delimiter that a `sep=` line names; nil if there is no such line.
    package let delimiter: UInt8?
    /// The expected byte offset and line number of the header; nil for the start of the text.
    package let header: (start: Int, line: Int)?
    package let notices: [String]

    /// The delimiters to try, in order: the one that a `sep=` line names, otherwise comma, semicolon and tab.
    package var delimiters: [UInt8] { delimiter.map { [$0] } ?? Self.delimiters }

    private static let delimiters: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    /// - Throws: `TableError` for broken UTF-16, for UTF-32, or for a `sep=` line that names no known delimiter.
    package init(_ raw: [UInt8], file: String) throws {
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

    /// Returns a reader positioned at the start of the text, or after the `sep=` line if there is one.
    package func reader(delimiter: UInt8) -> CSVReader {
        var reader = CSVReader(bytes: bytes, file: file, delimiter: delimiter)
        if let (start, line) = header { reader.seek(start: start, line: line) }
        return reader
    }

    /// Finds the delimiter with which the header has the most of the given columns, ignoring case and surrounding
    /// blanks; among equals, the first of `delimiters`.
    ///
    /// - Parameter columns: in lower case.
    /// - Returns: a reader positioned after the header, and the index of each column by its name in lower case; nil if
    ///   the text has no row.
    /// - Throws: `TableError` if the header is broken with every delimiter.
    package func table(columns: [String]) throws -> (reader: CSVReader, places: [String: Int])? {
        var first: (any Error)?
        var best: (reader: CSVReader, places: [String: Int], known: Int)?
        for delimiter in delimiters {
            var reader = reader(delimiter: delimiter)
            // With the wrong delimiter, a quoted header looks broken.
            do { guard try reader.next() else { return nil } } catch {
                first = first ?? error
                continue
            }
            let names = reader.fields.enumerated().map { place, field in
                (Self.trimmed(reader.text(field)).lowercased(), place)
            }
            let places = Dictionary(names) { first, _ in first }
            let known = columns.count { places[$0] != nil }
            if best.map({ known > $0.known }) ?? true { best = (reader, places, known) }
        }
        if let best { return (best.reader, best.places) }
        if let first { throw first }
        return nil
    }

    /// A text without leading and trailing blanks.
    package static func trimmed(_ text: some StringProtocol) -> String {
        // By scalars: a `Character` that begins with a blank may continue with a mark that belongs to the name.
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    /// The notice about a detected delimiter; nil for a comma.
    package static func notice(of delimiter: UInt8) -> String? {
        switch delimiter {
        case UInt8(ascii: ","): nil
        case UInt8(ascii: ";"): "read as semicolon-separated"
        case UInt8(ascii: "\t"): "read as tab-separated"
        default: "read as separated by \(CSV.name(of: delimiter))"
        }
    }

    /// A number's text with a decimal point. Spreadsheets write a decimal comma if they do not separate fields by
    /// commas.
    package static func withPoint(_ number: String, delimiter: UInt8) -> String {
        delimiter == UInt8(ascii: ",") ? number : String(number.map { $0 == "," ? "." : $0 })
    }

    /// Converts the UTF-16 after a byte order mark to UTF-8.
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
