import Audio
import Errors
import Files
import Tables
import Wording

/// A list of clips: CSV with the header `clip,path,labels,split` (in any order; `clip` and `path` are required) and any
/// further columns, of which `began` says when a recording began (`StartTime`).
///
/// `clip` names the clip and is unique byte by byte; `path` is absolute or relative to the manifest's folder; `labels`
/// are separated by commas within the one field, whatever separates fields (see `LabelText`); `split` is any word. If
/// there are columns `start`, `end` (seconds) or `channel` (a number, `mix` or `each`), a clip is that part of its file;
/// with `each`, every channel is a clip of its own once `withChannels(_:)` has said how many there are.
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
        /// The part of the recording that the clip is; nil for the mean of all channels of the whole recording.
        package var part: RecordingPart?

        package init(
            clip: String, path: String, labels: [String] = [], split: String = "", part: RecordingPart? = nil
        ) {
            self.part = part
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
    let reader: CSVReader
    /// Where each row begins, in bytes of the reader.
    let starts: [Int]
    private let lines: [UInt32]
    private let names: ClipIndex
    private let header: ManifestHeader
    /// Where rows stand for a clip per channel; nil if each row is one clip.
    private let channels: ManifestChannels?
    /// Whether rows have the channel `each`.
    private let hasEach: Bool

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
        var hasEach = false
        var hasDecimalCommas = false
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
            if header.parts != nil {
                let part = try Self.part(in: reader, header)
                hasEach = hasEach || part?.isEach == true
                hasDecimalCommas = hasDecimalCommas || Self.hasDecimalComma(reader, header)
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
        self.hasEach = hasEach
        channels = nil
        notices =
            (text.notices + header.notices
            + (blank.rows == 0
                ? [] : ["empty rows skipped: \(blank.rows), the first on line \(blank.firstLine)"])
            + odd.notices
            + (safeNames == 0
                ? []
                : ["clip names with an apostrophe before = + - or @, as in exports, read without it: \(safeNames)"])
            + (hasDecimalCommas ? ["commas in numbers read as decimal points"] : []))
            .map { "\(file): \($0)" }
    }

    /// The same manifest with a clip per channel for each row whose channel is `each`; the same object if there is none.
    ///
    /// - Parameter counted: the number of channels of the file at a path; nil if it cannot be read. It is asked once for
    ///   each such row. What cannot be read counts as one channel, whose clip then fails with the reason.
    /// - Throws: `TableError` if the name of a channel's clip is also that of another row.
    package func withChannels(_ counted: (String) -> Int?) throws -> Manifest {
        try withChannels { _, path in counted(path()) }
    }

    /// The same manifest with as many clips for each row whose channel is `each` as were counted before, without a look at
    /// the files; the same object if there is no such row.
    ///
    /// - Parameter clipsOfRows: `clipsOfRows` of a manifest with the same text.
    /// - Throws: `TableError` if the name of a channel's clip is also that of another row, or there are more or fewer rows.
    package func withChannels(clipsOfRows: [Int32]) throws -> Manifest {
        guard clipsOfRows.count == starts.count else {
            throw TableError(
                file: file, line: 1, found: counted(starts.count, "row"),
                expected: "\(clipsOfRows.count), as counted before")
        }
        return try withChannels { row, _ in Int(clipsOfRows[row]) }
    }

    /// - Parameter counted: the number of channels, given a row and its path; nil if it is not known.
    private func withChannels(_ counted: (Int, () -> String) -> Int?) throws -> Manifest {
        guard hasEach, channels == nil else { return self }
        var channels = ManifestChannels()
        for row in 0..<starts.count {
            let own = parsed(line: row)
            guard try Self.part(in: own, header)?.isEach == true else {
                channels.add(clips: 1)
                continue
            }
            let count = min(max(1, counted(row) { path(own) } ?? 1), RecordingPart.mostChannels)
            for channel in 1...count {
                let name = ManifestChannels.name(name(own), channel: channel)
                if let twin = rowNamed(name) {
                    throw TableError.duplicate(
                        file: file, line: max(Int(lines[row]), Int(lines[twin])),
                        first: min(Int(lines[row]), Int(lines[twin])), clip: name)
                }
            }
            channels.add(clips: count)
        }
        return Manifest(self, channels)
    }

    private init(_ other: Manifest, _ channels: ManifestChannels) {
        (file, folder, digest, notices) = (other.file, other.folder, other.digest, other.notices)
        (reader, starts, lines, names, header) = (other.reader, other.starts, other.lines, other.names, other.header)
        (hasEach, self.channels) = (other.hasEach, channels)
    }

    /// Whether rows stand for a clip per channel, and how many clips they are is not known yet.
    package var hasUncountedChannels: Bool { hasEach && channels == nil }

    /// Number of rows, of which one with the channel `each` may stand for several clips.
    package var rows: Int { starts.count }

    /// How many clips each row stands for; nil if every row is a clip, or the channels were not counted yet.
    package var clipsOfRows: [Int32]? {
        channels.map { channels in starts.indices.map { Int32(channels.clips(ofRow: $0).count) } }
    }

    /// Number of clips in the manifest.
    package var count: Int { channels?.count ?? starts.count }

    /// The clip in a row; rows count from 0.
    package func entry(_ row: Int) -> Entry {
        let own = parsed(row)
        return Entry(
            clip: name(own, row), path: path(own), labels: labels(own), split: text(own, 3), part: part(own, row))
    }

    /// A clip's name.
    package func clip(_ row: Int) -> String { name(parsed(row), row) }
    /// A clip's absolute path, as represented by `PathText`.
    package func path(_ row: Int) -> String { path(parsed(row)) }
    /// A clip's labels, trimmed, in the manifest's order, each once.
    package func labels(_ row: Int) -> [String] { labels(parsed(row)) }
    /// A clip's split, empty if it has none.
    package func split(_ row: Int) -> String { text(parsed(row), 3) }
    /// The part of its recording that a clip is; nil for the mean of all channels of the whole recording.
    package func part(_ row: Int) -> RecordingPart? { header.parts == nil ? nil : part(parsed(row), row) }
    /// A clip's values of `furtherColumns`, in their order, without the apostrophe that exports put before some.
    package func further(_ row: Int) -> [String] {
        let own = parsed(row)
        return header.further.map { CSV.name(ofSafe: own.text(own.fields[$0.place])) }
    }
    /// What the ledger keeps of a clip's values of `furtherColumns`, as `ClipMetadata` has it; nil if there are no such
    /// columns.
    package func metadata(_ row: Int) -> String? {
        if header.further.isEmpty { return nil }
        let own = parsed(row)
        var text = "{"
        for (prefix, column) in zip(header.prefixes, header.further) {
            text += prefix
            ClipMetadata.append(CSV.name(ofSafe: own.text(own.fields[column.place])), to: &text)
        }
        return text + "}"
    }
    /// The line a clip starts on, from 1.
    package func line(_ row: Int) -> Int { Int(lines[place(row)]) }

    /// The row of the clip with a name; nil if the manifest has no such clip. A clip that is a channel of a row whose
    /// channel is `each` is found as well if the number of channels was never asked for, as in a truth.
    package func row(of clip: String) -> Int? {
        let own = rowNamed(clip)
        guard hasEach else { return own }
        if let own, channels == nil || !isEach(own) { return channels?.clips(ofRow: own).lowerBound ?? own }
        guard let (base, channel) = ManifestChannels.parts(of: clip), let row = rowNamed(base), isEach(row) else {
            return nil
        }
        guard let clips = channels?.clips(ofRow: row) else { return row }
        return channel <= clips.count ? clips.lowerBound + channel - 1 : nil
    }

    /// The bytes of a clip's row, with its line end if it has one. Of a row whose channel is `each`, the clip's own name and
    /// the number of its channel are put in, so that the row is this one clip.
    func text(ofClip clip: Int) -> ArraySlice<UInt8> {
        let row = place(clip)
        let range = starts[row]..<(row + 1 < starts.count ? starts[row + 1] : reader.bytes.count)
        guard let number = channels?[clip].number, isEach(row), let namePlace = header.places[0],
            let channelPlace = header.parts?.last ?? nil
        else { return reader.bytes[range] }
        let own = parsed(line: row)
        let (name, channel) = (own.fields[namePlace], own.fields[channelPlace])
        var edits = [
            (name.end..<name.end, ManifestChannels.ending(channel: number)),
            (channel.start..<channel.end, String(number)),
        ]
        edits.sort { $0.0.lowerBound < $1.0.lowerBound }
        var (text, next): (ArraySlice<UInt8>, Int) = ([], range.lowerBound)
        for (replaced, new) in edits {
            text += reader.bytes[next..<replaced.lowerBound] + Array(new.utf8)
            next = replaced.upperBound
        }
        return text + reader.bytes[next..<range.upperBound]
    }

    /// The row of the text that has a name.
    private func rowNamed(_ clip: String) -> Int? {
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

    /// The row of the text that a clip is of.
    private func place(_ clip: Int) -> Int { channels?[clip].row ?? clip }

    private func isEach(_ row: Int) -> Bool { (try? Self.part(in: parsed(line: row), header))?.isEach == true }

    /// A clip's part.
    private func part(_ parser: CSVReader, _ clip: Int) -> RecordingPart? {
        // The row was read without an error when the manifest was.
        guard let found = try? Self.part(in: parser, header) else { return nil }
        return found.part(channel: found.isEach ? channels?[clip].number : nil)
    }

    /// What a row says of the part that its clip is; nil if the manifest has no such columns.
    ///
    /// - Throws: `TableError` with the row's line.
    private static func part(in parser: CSVReader, _ header: ManifestHeader) throws -> ManifestPart? {
        guard let places = header.parts else { return nil }
        let fields = places.map { place in place.map { LabelText.trimmed(parser.text(parser.fields[$0])) } ?? "" }
        if fields.allSatisfy(\.isEmpty) { return nil }
        return try ManifestPart(fields, delimiter: parser.delimiter) { found, expected in
            TableError(file: parser.file, line: parser.rowLine, found: found, expected: expected)
        }
    }

    /// Whether a row's `start` or `end` has a decimal comma.
    private static func hasDecimalComma(_ parser: CSVReader, _ header: ManifestHeader) -> Bool {
        (header.parts ?? []).prefix(2).contains { place in
            guard let place else { return false }
            return parser.bytes[parser.fields[place].start..<parser.fields[place].end].contains(UInt8(ascii: ","))
        }
    }

    private func path(_ parser: CSVReader) -> String { FileSystem.absolute(text(parser, 1), base: folder) }

    private func parsed(_ clip: Int) -> CSVReader { parsed(line: place(clip)) }

    private func parsed(line row: Int) -> CSVReader {
        var parser = reader
        parser.seek(start: starts[row], line: Int(lines[row]))
        // The row was read without an error when the manifest was.
        _ = try? parser.next()
        return parser
    }

    /// A clip's name, given its row.
    private func name(_ parser: CSVReader, _ clip: Int) -> String {
        guard let number = channels?[clip].number, (try? Self.part(in: parser, header))?.isEach == true else {
            return name(parser)
        }
        return ManifestChannels.name(name(parser), channel: number)
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
