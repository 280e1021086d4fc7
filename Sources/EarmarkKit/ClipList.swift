import Corpora
import Files
import Tables

/// A recording in a ``ClipList``.
public struct Clip: Sendable, Hashable {
    /// The clip's name in the cache and in every result, unique byte for byte.
    public let name: String
    /// The absolute path of the clip's file.
    public let path: String
    /// The labels that the manifest gives the clip; empty if it gives none.
    public let labels: [String]
    /// The part of the corpus that the clip belongs to, such as `train`; empty if the manifest names none.
    public let split: String
}

/// The recordings that a pipeline processes, in order.
public struct ClipList: Sendable, RandomAccessCollection {
    let manifest: Manifest
    private static let file = "clip list"

    /// Reads a manifest: a CSV file with the columns `clip,path,labels,split`, of which the first two are required.
    ///
    /// - Parameter path: the manifest's file. Relative paths in it start from its folder.
    /// - Throws: ``EarmarkKitError``, with the line, if the file is not a valid manifest.
    public init(manifest path: String) throws(EarmarkKitError) {
        manifest = try EarmarkKitError.translating { try Manifest(contentsOf: path) }
    }

    /// Creates a list of clips, each with a name and a path.
    ///
    /// - Parameter clips: names and paths. Relative paths start from the working folder.
    /// - Throws: ``EarmarkKitError`` of category `usage` if a name or a path is empty or contains a zero byte, or if a
    ///   name occurs twice.
    public init(_ clips: some Sequence<(name: String, path: String)>) throws(EarmarkKitError) {
        var bytes = CSV.row(["clip", "path"])
        var places: [ClipName: Int] = [:]
        for (place, clip) in clips.enumerated() {
            for (what, text) in [("name", clip.name), ("path", clip.path)]
            where text.isEmpty || text.utf8.contains(0) {
                throw EarmarkKitError(
                    .usage, "clip \(place): its \(what) \(text.isEmpty ? "is empty" : "contains a zero byte")")
            }
            if let first = places.updateValue(place, forKey: ClipName(clip.name)) {
                throw EarmarkKitError(
                    .usage, "clip \(place): found '\(clip.name)' again (first at \(first)), expected every name once")
            }
            CSV.append([CSV.exactField(clip.name), clip.path], to: &bytes)
        }
        manifest = try EarmarkKitError.translating {
            try Manifest(bytes: bytes, file: Self.file, folder: FileSystem.absolute("."))
        }
    }

    /// Creates a list of clips that are named by their paths.
    ///
    /// - Parameter paths: paths, which also become the names, exactly as given. Relative paths start from the working
    ///   folder.
    /// - Throws: ``EarmarkKitError`` of category `usage` if a path is empty, contains a zero byte or occurs twice.
    public init(files paths: some Sequence<String>) throws(EarmarkKitError) {
        try self.init(paths.map { (name: $0, path: $0) })
    }

    /// What was assumed about the manifest's text and which parts of it are not used, one line each.
    public var notices: [String] { manifest.notices }

    public var startIndex: Int { 0 }
    public var endIndex: Int { manifest.count }

    public subscript(position: Int) -> Clip {
        precondition(indices.contains(position), "clip \(position) of \(manifest.count)")
        let entry = manifest.entry(position)
        return Clip(name: entry.clip, path: entry.path, labels: entry.labels, split: entry.split)
    }
}
