import Files
import Tables

extension Manifest {
    /// Writes entries as a manifest, whole or not at all. A path inside the manifest's folder is written relative to it, any
    /// other as given. Throws `CorpusError` for a write that fails, a name that comes twice, or an empty label.
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
                    throw CorpusError.duplicate(file: path, line: line, first: first, clip: entry.clip)
                }
                if entry.labels.contains("") {
                    throw CorpusError.line(
                        file: path, line: line, found: "an empty label", expected: "labels with a name")
                }
                let place = FileSystem.relative(entry.path, to: folder)
                CSV.append([entry.clip, place, LabelText.field(entry.labels), entry.split], to: &block)
                if block.count > 1 << 16 {
                    try put(block[...])
                    block.removeAll(keepingCapacity: true)
                }
            }
            try put(block[...])
        }
    }
}
