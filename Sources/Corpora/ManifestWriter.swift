import Errors
import Files
import Tables

extension Manifest {
    /// Columns that follow the manifest's own.
    package struct FurtherColumns {
        package let names: [String]
        /// The values of the entry at a place, in the order of the names.
        package let values: (_ place: Int) -> [String]

        package init(names: [String], values: @escaping (_ place: Int) -> [String]) {
            self.names = names
            self.values = values
        }
    }

    /// Writes entries as a manifest, completely or not at all. A path inside the manifest's folder is written relative
    /// to it, any other as given. The entries are whole recordings: there are no columns for parts.
    ///
    /// - Parameter further: columns that follow the manifest's own; nil for none.
    /// - Throws: `FileError` if it cannot be written, `TableError` for a name that occurs twice or an empty label.
    package static func write(
        _ entries: some Sequence<Entry>, further: FurtherColumns? = nil, to path: String
    ) throws {
        let folder = FileSystem.folder(of: path)
        try FileSystem.makeFolder(folder)
        var seen: [ClipName: Int] = [:]
        try FileSystem.write(path) { put in
            var block = header(further: further?.names ?? [])
            var line = 1
            for entry in entries {
                line += 1
                if let first = seen.updateValue(line, forKey: ClipName(entry.clip)) {
                    throw TableError.duplicate(file: path, line: line, first: first, clip: entry.clip)
                }
                if entry.labels.contains("") {
                    throw TableError(
                        file: path, line: line, found: "an empty label", expected: "labels with a name")
                }
                block += row(entry, folder: folder, further: further?.values(line - 2) ?? [])
                if block.count > 1 << 16 {
                    try put(block[...])
                    block.removeAll(keepingCapacity: true)
                }
            }
            try put(block[...])
        }
    }

    /// The header of a manifest that is written row by row.
    ///
    /// - Parameters:
    ///   - hasParts: whether the columns `start`, `end` and `channel` come next.
    ///   - isSafe: as for `row`.
    ///   - further: columns that follow the manifest's own.
    package static func header(hasParts: Bool = false, isSafe: Bool = false, further: [String] = []) -> [UInt8] {
        CSV.row(columns + (hasParts ? ManifestPart.columns : []) + further.map { field($0, isSafe: isSafe) })
    }

    /// A name or value of a further column. A number stays a number: `-33.9` is a latitude and no formula.
    private static func field(_ text: String, isSafe: Bool) -> String {
        isSafe ? CSV.safeValue(text) : CSV.exactField(text)
    }

    /// A row of a manifest that is written row by row; the caller makes sure that each name occurs only once.
    ///
    /// - Parameters:
    ///   - folder: absolute path of the manifest's folder; a path inside it is written relative to it.
    ///   - hasParts: whether the header has the columns `start`, `end` and `channel`.
    ///   - isSafe: whether names, labels, paths and further values are written so that a spreadsheet takes none for a
    ///     formula, as in exports.
    ///   - further: values of the header's further columns.
    package static func row(
        _ entry: Entry, folder: String, hasParts: Bool = false, isSafe: Bool = false, further: [String] = []
    ) -> [UInt8] {
        let place = FileSystem.relative(entry.path, to: folder)
        let part = hasParts ? entry.part?.fields ?? ["", "", ""] : []
        let own =
            isSafe
            ? [
                CSV.safeField(entry.clip), CSV.safeField(place) == place ? place : "./" + place,
                LabelText.field(entry.labels.map(CSV.safeField)),
            ] : [CSV.exactField(entry.clip), place, LabelText.field(entry.labels)]
        return CSV.row(own + [entry.split] + part + further.map { field($0, isSafe: isSafe) })
    }
}
