import Corpora
import Files
import Tables

/// One recording of a ``ClipList``.
public struct Clip: Sendable, Hashable {
    /// Its name in the cache and in every result, unique byte by byte.
    public let name: String
    /// The absolute path of its file.
    public let path: String
    /// What a manifest says is to be heard in it; empty where it says nothing.
    public let labels: [String]
    /// The part of the corpus that it belongs to, such as `train`; empty where nothing says so.
    public let split: String
}

/// The recordings that a pipeline is to work through, in their order.
public struct ClipList: Sendable, RandomAccessCollection {
    let manifest: Manifest
    private static let file = "clip list"

    /// Reads a manifest: a CSV file with the columns `clip,path,labels,split`, of which the first two must be there.
    ///
    /// - Parameter path: paths in the manifest that are not absolute start from its folder.
    /// - Throws: ``EarmarkKitError`` with the line where the file is not such a one.
    public init(manifest path: String) throws(EarmarkKitError) {
        manifest = try EarmarkKitError.translating { try Manifest(contentsOf: path) }
    }

    /// Clips by name and path.
    ///
    /// - Parameter clips: paths that are not absolute start from the working folder.
    /// - Throws: ``EarmarkKitError`` of category `usage` for a name or a path that is empty or has a zero byte in it, or a
    ///   name that comes twice.
    public init(_ clips: some Sequence<(name: String, path: String)>) throws(EarmarkKitError) {
        var bytes = CSV.row(["clip", "path"])
        var places: [ClipName: Int] = [:]
        for (place, clip) in clips.enumerated() {
            for (what, text) in [("name", clip.name), ("path", clip.path)]
            where text.isEmpty || text.utf8.contains(0) {
                throw EarmarkKitError(
                    .usage, "clip \(place): its \(what) is \(text.isEmpty ? "empty" : "a text with a zero byte")")
            }
            if let first = places.updateValue(place, forKey: ClipName(clip.name)) {
                throw EarmarkKitError(
                    .usage, "clip \(place): found '\(clip.name)' again (first at \(first)), expected every name once")
            }
            CSV.append([clip.name, clip.path], to: &bytes)
        }
        manifest = try EarmarkKitError.translating {
            try Manifest(bytes: bytes, file: Self.file, folder: FileSystem.absolute("."))
        }
    }

    /// Clips that are named by their paths.
    ///
    /// - Parameter paths: those that are not absolute start from the working folder; the names are as given here.
    /// - Throws: ``EarmarkKitError`` of category `usage` for a path that is empty or comes twice.
    public init(files paths: some Sequence<String>) throws(EarmarkKitError) {
        try self.init(paths.map { (name: $0, path: $0) })
    }

    /// What was assumed of a manifest's text and what of it is not used, a line each.
    public var notices: [String] { manifest.notices }

    public var startIndex: Int { 0 }
    public var endIndex: Int { manifest.count }

    public subscript(position: Int) -> Clip {
        precondition(indices.contains(position), "clip \(position) of \(manifest.count)")
        let entry = manifest.entry(position)
        return Clip(name: entry.clip, path: entry.path, labels: entry.labels, split: entry.split)
    }
}
