import Tables
import Wording

/// A manifest's header: which column is where, and what separates fields.
///
/// The delimiter is the one with which the header has the columns `clip` and `path`; if several fit, a comma is
/// preferred to a semicolon and a semicolon to a tab. Column names may have any letter case and blanks at their ends.
struct ManifestHeader: Sendable {
    /// The place in a row of each of `Manifest.columns`; nil if absent.
    let places: [Int?]
    /// The place in a row of each of `ManifestPart.columns`; nil if the manifest has none of them.
    let parts: [Int?]?
    /// The other columns that have a name, in the file's order. That of the recordings' start is called
    /// `ClipMetadata.began`, whatever the case of its letters in the file.
    let further: [(place: Int, name: String)]
    /// What stands before the values of `further` in the ledger's JSON.
    let prefixes: [String]
    /// The place in a row of the recordings' start; nil if absent.
    var began: Int? { further.first { $0.name == ClipMetadata.began }?.place }
    /// A reader positioned after the header, whose fields are those of the header.
    let reader: CSVReader
    let notices: [String]

    /// - Throws: `TableError` for a column that is missing or occurs twice, a broken quote, or an empty file.
    init(_ text: SpreadsheetText) throws {
        var first: (any Error)?
        var best: (reader: CSVReader, rank: Int)?
        for delimiter in text.delimiters {
            var reader = text.reader(delimiter: delimiter)
            do {
                guard try reader.next() else {
                    throw TableError(
                        file: text.file, line: text.header?.line ?? 1,
                        found: text.header == nil ? "an empty file" : "nothing after the line 'sep='",
                        expected: Self.expected)
                }
            } catch {
                first = first ?? error
                continue
            }
            let names = Set(reader.fields.map { Self.key(reader.text($0)) })
            let known = Manifest.columns.prefix(2).filter(names.contains).count
            // If no delimiter fits, the one that makes the most columns is the likeliest; ties go to the first.
            let rank = known * 10_000 + min(9_999, reader.fields.count)
            if best.map({ rank > $0.rank }) ?? true { best = (reader, rank) }
        }
        guard let reader = best?.reader else {
            throw first ?? TableError(file: text.file, line: 1, found: "no header", expected: Self.expected)
        }
        self.reader = reader
        let names = reader.fields.map { LabelText.trimmed(reader.text($0)) }
        let (all, further) = try Self.sorted(names, file: text.file, line: reader.rowLine)
        self.further = further
        prefixes = further.enumerated().map { ClipMetadata.prefix($1.name, isFirst: $0 == 0) }
        places = Array(all.prefix(Manifest.columns.count))
        let parts = Array(all.dropFirst(Manifest.columns.count))
        self.parts = parts.contains { $0 != nil } ? parts : nil
        notices = Self.notices(reader, text, places: all, further: further)
    }

    private static let expected = "the header \(Manifest.columns.joined(separator: ","))"

    /// All columns that mean something.
    private static let known = Manifest.columns + ManifestPart.columns

    private static func key(_ name: String) -> String { LabelText.trimmed(name).lowercased() }

    private static func sorted(
        _ names: [String], file: String, line: Int
    ) throws -> ([Int?], [(place: Int, name: String)]) {
        func wrong(_ found: String) -> TableError {
            TableError(file: file, line: line, found: found, expected: expected)
        }
        var places = [Int?](repeating: nil, count: known.count)
        var further: [(place: Int, name: String)] = []
        var seen = Set<String>()
        for (place, name) in names.map(CSV.name(ofSafe:)).enumerated() where !name.isEmpty {
            let column = known.firstIndex(of: key(name))
            let own = key(name) == ClipMetadata.began ? ClipMetadata.began : name
            guard seen.insert(column.map { known[$0] } ?? own).inserted else {
                throw wrong("column '\(name)' twice")
            }
            if let column { places[column] = place } else { further.append((place, own)) }
        }
        for (column, name) in Manifest.columns.enumerated().prefix(2) where places[column] == nil {
            let near = further.first { ColumnNames.isNear($0.name, to: name) }
            throw wrong("no column '\(name)'" + (near.map { " (is '\($0.name)' meant?)" } ?? ""))
        }
        return (places, further)
    }

    private static func notices(
        _ reader: CSVReader, _ text: SpreadsheetText, places: [Int?], further: [(place: Int, name: String)]
    ) -> [String] {
        var notices = [SpreadsheetText.notice(of: reader.delimiter)].compactMap(\.self)
        for (name, place) in zip(known, places) {
            guard let place else { continue }
            let found = reader.text(reader.fields[place])
            if found.utf8.elementsEqual(name.utf8) { continue }
            notices.append("column '\(found)' taken as '\(name)'")
        }
        let began = further.first { $0.name == ClipMetadata.began }
        if let began {
            let found = reader.text(reader.fields[began.place])
            if found != began.name { notices.append("column '\(found)' taken as '\(began.name)'") }
        }
        let others = further.filter { $0.place != began?.place }
        if !others.isEmpty {
            let missing =
                known.indices.filter { places[$0] == nil }.map { known[$0] }
                + (began == nil ? [ClipMetadata.began] : [])
            let names = others.map { column in
                let near = missing.first { ColumnNames.isNear(column.name, to: $0) }
                return column.name + (near.map { " (is '\($0)' meant?)" } ?? "")
            }
            notices.append("further columns, kept for exports: \(names.joined(separator: ", "))")
        }
        let unnamed = reader.fields.count - further.count - places.compactMap { $0 }.count
        if unnamed > 0 { notices.append("columns without a name, not used: \(unnamed)") }
        return notices
    }
}

/// Names that people often give to the columns of a manifest.
private enum ColumnNames {
    private static let others: [String: Set<String>] = [
        "clip": ["id", "name", "clipid", "clipname", "fname", "key", "recording", "recordingid", "sample"],
        "path": [
            "file", "filename", "filepath", "audio", "audiofile", "audiopath", "wav", "location", "url", "relpath",
        ],
        "labels": ["label", "class", "classes", "tag", "tags", "category", "species"],
        "split": ["set", "subset", "fold", "partition"],
        "began": ["starttime", "startedat", "datetime", "timestamp", "recordedat", "recordingstart", "date"],
        "start": ["begin", "from", "onset", "startseconds", "begintime", "offset"],
        "end": ["stop", "to", "until", "endtime", "endseconds"],
        "channel": ["ch", "chan", "channels"],
    ]

    /// Whether a column's name may well mean one of the manifest's: it is another word for it, or at most one letter in
    /// three differs.
    static func isNear(_ name: String, to column: String) -> Bool {
        let plain = String(name.lowercased().filter { $0.isLetter || $0.isNumber })
        return others[column]?.contains(plain) == true
            || NearestName.edits(plain, column) <= column.utf8.count / 3
    }
}
