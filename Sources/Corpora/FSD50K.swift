import Errors
import Files
import Tables
import Wording

/// The layout of FSD50K (Fonseca et al., "FSD50K: an Open Dataset of Human-Labeled Sound Events", 2020).
///
/// In the folder, or nested some levels deeper: `FSD50K.ground_truth` with `dev.csv` (fname,labels,mids,split),
/// `eval.csv` (fname,labels,mids) and `vocabulary.csv` (index,label,mid, no header); `FSD50K.dev_audio` and
/// `FSD50K.eval_audio`, or the same with `_16k`, which may hold a nested copy of themselves. Everything else is
/// ignored.
package struct FSD50K: Sendable {
    /// One class of the vocabulary.
    package struct Label: Sendable, Equatable {
        package var index: Int
        package var name: String
        /// The class's identifier in the AudioSet ontology.
        package var mid: String
    }

    /// The clips, dev before eval, each in its CSV's order; `split` is train, val or eval. A clip whose file is missing
    /// is still listed, with the path where the file should be, and counted in a warning.
    package var scan = Scan()
    package var vocabulary: [Label] = []

    /// Folder of the labels and the vocabulary.
    package static let truthFolder = "FSD50K.ground_truth"
    /// Folder of the development set's audio.
    package static let devFolder = "FSD50K.dev_audio"
    /// Folder of the evaluation set's audio.
    package static let evalFolder = "FSD50K.eval_audio"

    /// How many levels of folders are searched.
    private static let depth = 4

    /// Reads the layout below a folder. If the audio of one half is missing, only the other half is read, and a warning
    /// says so.
    ///
    /// - Throws: `FileError` or `TableError` naming what was looked for.
    package init(folder: String) throws {
        let root = FileSystem.absolute(folder)
        let folders = try Self.folders(below: root)
        let truths = folders.filter { Self.name($0) == Self.truthFolder }
        guard let truth = truths.first(where: { FileSystem.kind($0 + "/dev.csv") == .file }) ?? truths.first else {
            throw FileError(
                path: folder, found: "no folder \(Self.truthFolder) within \(Self.depth) levels",
                expected:
                    "\(Self.truthFolder)/{dev,eval,vocabulary}.csv beside \(Self.devFolder) and \(Self.evalFolder)")
        }
        for name in ["dev.csv", "eval.csv", "vocabulary.csv"] where FileSystem.kind(truth + "/" + name) != .file {
            throw FileError(path: truth, found: "no \(name)", expected: "dev.csv, eval.csv and vocabulary.csv")
        }
        vocabulary = try Self.readVocabulary(truth + "/vocabulary.csv")
        let known = Set(vocabulary.map(\.name))
        var firstSeen: [ClipName: String] = [:]
        for (half, file, header) in [
            (Self.devFolder, "dev.csv", ["fname", "labels", "mids", "split"]),
            (Self.evalFolder, "eval.csv", ["fname", "labels", "mids"]),
        ] {
            let rows = try Self.readHalf(truth + "/" + file, header: header, known: known, firstSeen: &firstSeen)
            if rows.isEmpty { continue }
            let audio = folders.filter { Self.name($0) == half || Self.name($0) == half + "_16k" }
            guard let files = try HalfFiles(folders: audio, clips: rows.map(\.clip)) else {
                scan.warnings.append(
                    "\(folder): no folder \(half) or \(half)_16k with audio in it, so the \(counted(rows.count, "clip")) of "
                        + "\(file) are left out")
                continue
            }
            var missing: [String] = []
            for var row in rows {
                let (path, isThere) = files.path(of: row.clip)
                if !isThere { missing.append(row.clip) }
                row.path = path
                scan.entries.append(row)
            }
            if let first = missing.first {
                scan.warnings.append(
                    "\(files.main): \(missing.count) of \(counted(rows.count, "clip")) \(missing.count == 1 ? "has" : "have") no file, the first '\(first)'"
                )
            }
        }
        if scan.entries.isEmpty {
            throw FileError(
                path: folder, found: "no audio of either half",
                expected: "\(Self.devFolder) or \(Self.evalFolder) (or the same with _16k) with files FNAME.wav")
        }
    }

    /// A folder and the folders below it, breadth first, without hidden ones and without links, except links whose
    /// names begin with `FSD50K`.
    private static func folders(below root: String) throws -> [String] {
        var found = [root]
        var level = [root]
        for _ in 0..<depth {
            var next: [String] = []
            for folder in level {
                // The given folder must be readable; one further down that is not is skipped.
                let entries = folder == root ? try FileSystem.list(folder) : (try? FileSystem.list(folder)) ?? []
                for entry in entries where !entry.name.hasPrefix(".") {
                    let path = folder == "/" ? "/" + entry.name : folder + "/" + entry.name
                    let looksRight = entry.name.hasPrefix("FSD50K")
                    if entry.kind == .folder || (entry.kind == nil && looksRight && FileSystem.kind(path) == .folder) {
                        next.append(path)
                    }
                }
            }
            found += next
            level = next
        }
        return found
    }

    private static func name(_ path: String) -> String {
        String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
    }

    private static func readVocabulary(_ path: String) throws -> [Label] {
        var reader = try CSVReader(contentsOf: path)
        var labels: [Label] = []
        while try reader.next() {
            let fields = reader.fields.map { reader.text($0) }
            guard fields.count == 3, let index = Int(fields[0]), index == labels.count else {
                throw TableError(
                    file: path, line: reader.rowLine, found: "'\(fields.joined(separator: ","))'",
                    expected: "\(labels.count),label,mid (no header)")
            }
            labels.append(Label(index: index, name: fields[1], mid: fields[2]))
        }
        if labels.isEmpty {
            throw TableError(file: path, line: 1, found: "an empty file", expected: "rows index,label,mid")
        }
        return labels
    }

    private static func readHalf(
        _ path: String, header: [String], known: Set<String>, firstSeen: inout [ClipName: String]
    ) throws -> [Manifest.Entry] {
        var reader = try CSVReader(contentsOf: path)
        func wrong(_ found: String, _ expected: String) -> TableError {
            TableError(file: path, line: reader.rowLine, found: found, expected: expected)
        }
        guard try reader.next() else { throw wrong("an empty file", "the header \(header.joined(separator: ","))") }
        let own = reader.fields.map { reader.text($0) }
        guard own == header else {
            throw wrong("the header '\(own.joined(separator: ","))'", header.joined(separator: ","))
        }
        var entries: [Manifest.Entry] = []
        while try reader.next() {
            let fields = reader.fields.map { reader.text($0) }
            guard fields.count == header.count else { throw wrong(counted(fields.count, "field"), "\(header.count)") }
            guard !fields[0].isEmpty, !fields[0].contains("/"), !fields[0].contains("\0") else {
                throw wrong("fname '\(fields[0])'", "a file's name without its ending")
            }
            let labels = fields[1].split(separator: ",").map { LabelText.trimmed($0) }
            if let unknown = labels.first(where: { !known.contains($0) }) {
                throw wrong("label '\(unknown)'", "one of the \(known.count) labels of vocabulary.csv")
            }
            let split = header.count == 4 ? fields[3] : "eval"
            guard ["train", "val", "eval"].contains(split) else { throw wrong("split '\(split)'", "train or val") }
            if let first = firstSeen.updateValue("\(path):\(reader.rowLine)", forKey: ClipName(fields[0])) {
                throw wrong("fname '\(fields[0])' again (first at \(first))", "every clip once")
            }
            entries.append(Manifest.Entry(clip: fields[0], path: "", labels: labels, split: split))
        }
        return entries
    }
}

/// The files of one half: those in the folder that has most of its clips, and those in the other folders that it lacks.
private struct HalfFiles {
    let main: String
    private var paths: [ClipName: String] = [:]

    /// nil if no folder holds any of the clips.
    init?(folders: [String], clips: [String]) throws {
        let wanted = Set(clips.map(ClipName.init))
        var best: (folder: String, files: [ClipName: String])?
        var others: [[ClipName: String]] = []
        for folder in folders {
            var files: [ClipName: String] = [:]
            for entry in try FileSystem.list(folder) where FolderScanner.isAudio(entry.name) {
                let stem = ClipName(String(entry.name[..<(entry.name.lastIndex(of: ".") ?? entry.name.endIndex)]))
                if wanted.contains(stem) { files[stem] = folder + "/" + entry.name }
            }
            if files.count > best?.files.count ?? 0 {
                best.map { others.append($0.files) }
                best = (folder, files)
            } else {
                others.append(files)
            }
        }
        guard let best else { return nil }
        main = best.folder
        paths = best.files
        for files in others { paths.merge(files) { first, _ in first } }
    }

    func path(of clip: String) -> (String, isThere: Bool) {
        if let path = paths[ClipName(clip)] { return (path, true) }
        return (main + "/" + clip + ".wav", false)
    }
}
