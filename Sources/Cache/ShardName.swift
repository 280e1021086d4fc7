import Shards

/// How shards are named: `KIND-NUMBER.npy`, the number with at least six digits.
enum ShardName {
    private static let kinds = ["raw", "levels", "mel", "scores", "embeddings", "clip-scores"]

    /// The path of a shard, relative to the cache.
    static func path(kind: String, number: Int64) -> String {
        let digits = String(number)
        return "shards/\(kind)-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".npy"
    }

    /// Whether a file name is one that Earmark gives to shards, finished or not.
    static func isOne(_ name: String) -> Bool {
        let ending = ".npy"
        var stem = name[...]
        let partial = ShardWriter.partial("")
        if stem.hasSuffix(partial) { stem = stem.dropLast(partial.count) }
        guard stem.hasSuffix(ending) else { return false }
        stem = stem.dropLast(ending.count)
        guard let dash = stem.lastIndex(of: "-"), kinds.contains(String(stem[..<dash])) else { return false }
        let digits = stem[stem.index(after: dash)...]
        return digits.count >= 6 && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }
}
