import Errors
import Files
import Tables
import Wording

/// A list of clips: CSV with the header `clip,path,labels,split` (in any order; `clip` and `path` are required) and any
/// further columns, of which `began` says when a recording began (`StartTime`).
///
/// `clip` names the clip and is unique byte by byte; `path` is absolute or relative to the manifest's folder; `labels`
/// are separated by commas within the one field, whatever separates fields (see `LabelText`); `split` is any word.
/// Fields are bytes: a path that is not UTF-8 works, and is represented as described for `PathText`. What spreadsheets
/// write can be read too (`SpreadsheetText`), and `notices` say what was assumed. A name is read as `CSV.safeField` may
/// have written it, so that a table made from an export names the same clips.
///
/// The text is kept as it is, with an offset per row and a hash table of names: about the file's size plus 28 bytes per
/// clip.
package final class Manifest: Sendable {
    /// One clip.
    package struct Entry: Sendable, Equatable {
        package var clip: String
        /// Absolute when read; see `PathText` before opening it.
        package var path: String
        package var labels: [String]
        package var split: String

        package init(clip: String, path: String, labels: [String] = [], split: String = "") {
            self.clip = clip
            self.path = path
            self.labels = labels
            self.split = split
        }
    }

    /// The columns, in the order in which they are written.
    package static let columns = ["clip", "path", "labels", "split"]

    /// The manifest's own name, as given.
    package let file: String
    /// The absolute folder that relative paths start from.
    package let folder: String
    /// Digest of the bytes that it was read from.
    package let digest: Digest
    /// What was assumed about the text and which parts of it are not used: lines for the user, each with the file's
    /// name.
    package let notices: [String]
    /// The names of the columns other than `columns`, in the file's order, without blanks at their ends; that of the
    /// recordings' start is called `ClipMetadata.began`.
    package var furtherColumns: [String] { header.further.map(\.name) }
    private let reader: CSVReader
    private let starts: [Int]
    private let lines: [UInt32]
    private let names: ClipIndex
    private let header: ManifestHeader

    /// Reads and checks a manifest.
    ///
    /// - Throws: `FileError` if the file cannot be read, `TableError` with the line of a fault in it.
    package convenience init(contentsOf path: String) throws {
        try self.init(bytes: try FileSystem.read(path), file: path, folder: FileSystem.folder(of: path))
    }

    /// Checks a manifest in memory; errors call it `file`, and relative paths start from `folder`.
    ///
    /// - Throws: `TableError` with the line that is wrong.
    package init(bytes raw: [UInt8], file: String, folder: String) throws {
        let text = try SpreadsheetText(raw, file: file)
        let header = try ManifestHeader(text)
        let bytes = text.bytes
        var reader = header.reader
        let (clipPlace, pathPlace) = (header.places[0] ?? 0, header.places[1] ?? 0)
        let width = reader.fields.count
        var blank: (rows: Int, firstLine: Int) = (0, 0)
        var safeNames = 0
        var odd = OddTimes()
        var starts: [Int] = []
        var lines: [UInt32] = []
        var names = ClipIndex()
        // A row is rarely under 48 bytes; reserving space for so many keeps the arrays from being copied as they grow.
        starts.reserveCapacity(bytes.count / 48)
        lines.reserveCapacity(bytes.count / 48)
        var earlier = reader
        rows: while try reader.next() {
            let line = reader.rowLine
            guard reader.fields.count == width else {
                throw TableError(
                    file: file, line: line, found: counted(reader.fields.count, "field"),
                    expected: "\(width), as in the header")
            }
            for (name, place) in [("clip", clipPlace), ("path", pathPlace)] {
                let field = reader.fields[place]
                if field.start == field.end {
                    // Spreadsheets write empty rows that consist of delimiters alone.
                    if reader.fields.allSatisfy({ $0.start == $0.end }) {
                        if blank.rows == 0 { blank.firstLine = line }
                        blank.rows += 1
                        continue rows
                    }
                    throw TableError(
                        file: file, line: line, found: "an empty \(name)", expected: "every clip with a name and a path"
                    )
                }
                if reader.bytes[field.start..<field.end].contains(0) {
                    throw TableError(
                        file: file, line: line, found: "a zero byte in the \(name)", expected: "text without one")
                }
            }
            if let place = header.began {
                let text = reader.text(reader.fields[place])
                if !text.isEmpty {
                    guard let time = StartTime(text) else {
                        throw TableError(
                            file: file, line: line, found: "'\(text)' in the column '\(ClipMetadata.began)'",
                            expected: "a time in \(StartTime.form)")
                    }
                    odd.note(time, line: line)
                }
            }
            let row = starts.count
            let name = Self.name(in: reader, at: clipPlace)
            if name != reader.fields[clipPlace] { safeNames += 1 }
            let twin = names.insert(row: row, name: reader.bytes, name) { other in
                earlier.seek(start: starts[other], line: 1)
                return (try? earlier.next()) == true ? Self.name(in: earlier, at: clipPlace) : nil
            }
            if let twin {
                throw TableError.duplicate(
                    file: file, line: line, first: Int(lines[twin]), clip: reader.text(name))
            }
            starts.append(reader.rowStart)
            lines.append(UInt32(clamping: line))
        }
        self.file = file
        self.folder = folder
        digest = raw.withUnsafeBytes { Checksum.of($0) }
        self.reader = earlier
        self.starts = starts
        self.lines = lines
        self.names = names
        self.header = header
        notices =
            (text.notices + header.notices
            + (blank.rows == 0
                ? [] : ["empty rows skipped: \(blank.rows), the first on line \(blank.firstLine)"])
            + odd.notices
            + (safeNames == 0
                ? []
                : ["clip names with an apostrophe before = + - or @, as in exports, read without it: \(safeNames)"]))
            .map { "\(file): \($0)" }
    }

    /// Number of clips in the manifest.
    package var count: Int { starts.count }

    /// The clip in a row; rows count from 0.
    package func entry(_ row: Int) -> Entry {
        let own = parsed(row)
        return Entry(
            clip: name(own), path: FileSystem.absolute(text(own, 1), base: folder),
            labels: labels(own), split: text(own, 3))
    }

    /// A clip's name.
    package func clip(_ row: Int) -> String { name(parsed(row)) }
    /// A clip's absolute path, as represented by `PathText`.
    package func path(_ row: Int) -> String { FileSystem.absolute(text(parsed(row), 1), base: folder) }
    /// A clip's labels, trimmed, in the manifest's order, each once.
    package func labels(_ row: Int) -> [String] { labels(parsed(row)) }
    /// A clip's split, empty if it has none.
    package func split(_ row: Int) -> String { text(parsed(row), 3) }
    /// A clip's values of `furtherColumns`, in their order.
    package func further(_ row: Int) -> [String] {
        let own = parsed(row)
        return header.further.map { own.text(own.fields[$0.place]) }
    }
    /// What the ledger keeps of a clip's values of `furtherColumns`, as `ClipMetadata` has it; nil if there are no such
    /// columns.
    package func metadata(_ row: Int) -> String? {
        if header.further.isEmpty { return nil }
        let own = parsed(row)
        var text = "{"
        for (prefix, column) in zip(header.prefixes, header.further) {
            text += prefix
            ClipMetadata.append(own.text(own.fields[column.place]), to: &text)
        }
        return text + "}"
    }
    /// The line a clip starts on, from 1.
    package func line(_ row: Int) -> Int { Int(lines[row]) }

    /// The row of the clip with a name; nil if the manifest has no such clip.
    package func row(of clip: String) -> Int? {
        let bytes = PathText.bytes(clip)
        let whole = CSV.Field(start: 0, end: bytes.count, isEscaped: false)
        var parser = reader
        return names.row(name: bytes, whole) { other in
            parser.seek(start: starts[other], line: 1)
            return (try? parser.next()) == true ? Self.name(in: parser, at: header.places[0] ?? 0) : nil
        } bytes: {
            reader.bytes
        }
    }

    private func parsed(_ row: Int) -> CSVReader {
        var parser = reader
        parser.seek(start: starts[row], line: Int(lines[row]))
        // The row was read without an error when the manifest was.
        _ = try? parser.next()
        return parser
    }

    private func name(_ parser: CSVReader) -> String {
        guard let place = header.places[0], place < parser.fields.count else { return "" }
        return parser.text(Self.name(in: parser, at: place))
    }

    /// The field of a clip's name, without the apostrophe that exports put before some names.
    private static func name(in parser: CSVReader, at place: Int) -> CSV.Field {
        let field = parser.fields[place]
        guard CSV.isSafe(parser.bytes[field.start..<field.end]) else { return field }
        return CSV.Field(start: field.start + 1, end: field.end, isEscaped: field.isEscaped)
    }

    private func text(_ parser: CSVReader, _ column: Int) -> String {
        guard let place = header.places[column], place < parser.fields.count else { return "" }
        return parser.text(parser.fields[place])
    }

    private func labels(_ parser: CSVReader) -> [String] {
        guard let place = header.places[2], place < parser.fields.count else { return [] }
        return LabelText.list(parser.value(parser.fields[place]))
    }
}
