import Files

/// Iterates over the rows of a CSV text in memory without copying it. Blank lines and a UTF-8 byte order mark are
/// skipped.
package struct CSVReader: Sendable {
    /// The name of the text in errors.
    package let file: String
    package let bytes: [UInt8]
    /// What separates fields: a comma, or a semicolon or tab as spreadsheets write them.
    package let delimiter: UInt8
    /// The fields of the row that `next` read.
    package private(set) var fields: [CSV.Field] = []
    /// Where that row starts, in bytes, and its line, from 1.
    package private(set) var rowStart = 0
    package private(set) var rowLine = 1
    private var place = 0
    private var line = 1

    /// Reads a whole file. Throws `FileError`.
    package init(contentsOf path: String) throws {
        self.init(bytes: try FileSystem.read(path), file: path)
    }

    /// Reads bytes, which errors call `file`.
    package init(bytes: [UInt8], file: String, delimiter: UInt8 = UInt8(ascii: ",")) {
        self.bytes = bytes
        self.file = file
        self.delimiter = delimiter
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// Goes back to a row, given its `rowStart` and `rowLine`; `next` reads it.
    package mutating func seek(start: Int, line: Int) {
        place = start
        self.line = line
    }

    /// Reads the next row into `fields`; false at the end. Throws `TableError`.
    package mutating func next() throws -> Bool {
        let (file, bytes) = (file, bytes)
        return try bytes.withUnsafeBufferPointer { bytes in
            while place < bytes.count && (bytes[place] == Self.lf || bytes[place] == Self.cr) { endLine(bytes) }
            if place >= bytes.count { return false }
            (rowStart, rowLine) = (place, line)
            fields.removeAll(keepingCapacity: true)
            while true {
                fields.append(try bytes[place...].first == Self.quote ? quoted(bytes, file) : plain(bytes))
                if place >= bytes.count { return true }
                if bytes[place] != delimiter {
                    endLine(bytes)
                    return true
                }
                place += 1
                if place == bytes.count {
                    fields.append(CSV.Field(start: place, end: place, isEscaped: false))
                    return true
                }
            }
        }
    }

    /// A field's bytes, with doubled quotes undone.
    package func value(_ field: CSV.Field) -> [UInt8] { CSV.value(bytes, field) }

    /// A field as text; bytes that are not UTF-8 are escaped as in `PathText`.
    package func text(_ field: CSV.Field) -> String { PathText.text(value(field)) }

    private static let (quote, cr, lf) = (UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"))

    private mutating func endLine(_ bytes: UnsafeBufferPointer<UInt8>) {
        place += bytes[place] == Self.cr && place + 1 < bytes.count && bytes[place + 1] == Self.lf ? 2 : 1
        line += 1
    }

    private mutating func plain(_ bytes: UnsafeBufferPointer<UInt8>) -> CSV.Field {
        let start = place
        var end = place
        let delimiter = delimiter
        // No byte that can end a field is greater than this one.
        let highest = max(delimiter, Self.cr)
        while end < bytes.count {
            let byte = bytes[end]
            if byte <= highest && (byte == delimiter || byte == Self.lf || byte == Self.cr) { break }
            end += 1
        }
        place = end
        return CSV.Field(start: start, end: end, isEscaped: false)
    }

    private mutating func quoted(_ bytes: UnsafeBufferPointer<UInt8>, _ file: String) throws -> CSV.Field {
        let start = place + 1
        let firstLine = line
        var end = start
        var isEscaped = false
        while true {
            guard end < bytes.count else {
                throw TableError(
                    file: file, line: firstLine, found: "a quoted field that runs to the end of the file",
                    expected: "a closing quote")
            }
            let byte = bytes[end]
            if byte == Self.quote {
                if end + 1 < bytes.count && bytes[end + 1] == Self.quote {
                    isEscaped = true
                    end += 2
                    continue
                }
                break
            }
            if byte == Self.lf || (byte == Self.cr && !(end + 1 < bytes.count && bytes[end + 1] == Self.lf)) {
                line += 1
            }
            end += 1
        }
        place = end + 1
        if place < bytes.count && bytes[place] != delimiter && bytes[place] != Self.lf && bytes[place] != Self.cr {
            throw TableError(
                file: file, line: line, found: "'\(PathText.text([bytes[place]]))' after a closing quote",
                expected: "\(CSV.name(of: delimiter)) or the end of the line")
        }
        return CSV.Field(start: start, end: end, isEscaped: isEscaped)
    }
}
