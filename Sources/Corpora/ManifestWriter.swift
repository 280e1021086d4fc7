import Errors
import Files
import Tables

extension Manifest {
    /// Writes entries as a manifest, completely or not at all. A path inside the manifest's folder is written relative
    /// to it, any other as given.
    ///
    /// - Throws: `FileError` if it cannot be written, `TableError` for a name that occurs twice or an empty label.
    package static func write(_ entries: some Sequence<Entry>, to path: String) throws {
        let folder = FileSystem.folder(of: path)
        try FileSystem.makeFolder(folder)
        var seen: [ClipName: Int] = [:]
        try FileSystem.write(path) { put in
            var block = CSV.row(columns)
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
                block += row(entry, folder: folder)
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
    /// - Parameter further: columns that follow the manifest's own.
    package static func header(further: [String] = []) -> [UInt8] { CSV.row(columns + further) }

    /// A row of a manifest that is written row by row; the caller makes sure that each name occurs only once.
    ///
    /// - Parameters:
    ///   - folder: absolute path of the manifest's folder; a path inside it is written relative to it.
    ///   - further: values of the header's further columns.
    package static func row(_ entry: Entry, folder: String, further: [String] = []) -> [UInt8] {
        let place = FileSystem.relative(entry.path, to: folder)
        return CSV.row([CSV.exactField(entry.clip), place, LabelText.field(entry.labels), entry.split] + further)
    }
}
