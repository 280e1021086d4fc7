import Shards

/// How shards are named: `KIND-NUMBER.npy`, the number with at least six digits; those of a part of a manifest
/// `KIND-TAG-NUMBER.npy`, so that shards of different caches never have the same name.
enum ShardName {
    private static let kinds = ["raw", "levels", "mel", "scores", "embeddings", "clip-scores"]

    /// The path of a shard, relative to the cache.
    ///
    /// - Parameter tag: lower-case letters and digits; nil for none.
    static func path(kind: String, number: Int64, tag: String? = nil) -> String {
        let digits = String(number)
        return "shards/\(kind)-" + (tag.map { $0 + "-" } ?? "")
            + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".npy"
    }

    /// Whether a file name is one that Earmark gives to shards, finished or not.
    static func isOne(_ name: String) -> Bool {
        let ending = ".npy"
        var stem = name[...]
        let partial = ShardWriter.partial("")
        if stem.hasSuffix(partial) { stem = stem.dropLast(partial.count) }
        guard stem.hasSuffix(ending) else { return false }
        stem = stem.dropLast(ending.count)
        guard let dash = stem.lastIndex(of: "-") else { return false }
        let digits = stem[stem.index(after: dash)...]
        guard digits.count >= 6, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
        let start = stem[..<dash]
        if kinds.contains(String(start)) { return true }
        guard let before = start.lastIndex(of: "-"), kinds.contains(String(start[..<before])) else { return false }
        let tag = start[start.index(after: before)...]
        return !tag.isEmpty && tag.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) }
    }
}
