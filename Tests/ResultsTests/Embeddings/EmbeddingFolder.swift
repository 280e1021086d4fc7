import Cache
import Foundation
import Ledger
import Random
import Results
import Shards
import TestSupport

/// A folder of its own with a cache of made-up embeddings in it; gone when the test is over.
final class EmbeddingFolder {
    private let temporary: TemporaryFolder
    let cache: CacheFolder
    let size: Int
    let dtype: ShardDType
    let timing = ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000)
    /// The embeddings as they were given, a row a chunk; empty where a clip has none.
    let clips: [(name: String, rows: [[Float]])]

    /// - Parameters:
    ///   - clips: a clip without rows has failed (odd places) or is pending.
    ///   - metadata: the further columns of each clip, as JSON.
    init(
        _ clips: [(name: String, rows: [[Float]])], size: Int, dtype: ShardDType = .float32,
        metadata: [String?] = []
    ) throws {
        temporary = try TemporaryFolder()
        cache = CacheFolder(folder: temporary.path + "/cache")
        (self.clips, self.size, self.dtype) = (clips, size, dtype)
        let made = ScoreCache(
            cache: cache, classes: ["none"], timing: timing, dtype: dtype, embeddingSize: size)
        try made.make(clips: clips.count) { place in
            let (name, rows) = clips[place]
            return ScoreCache.Clip(
                name: name, path: "/audio/\(name).wav", samples: 16_000 + 8_000 * max(0, rows.count - 1) - 1_600,
                scores: rows.isEmpty ? nil : [Float](repeating: 0, count: rows.count),
                embeddings: rows.flatMap { $0 }, metadata: place < metadata.count ? metadata[place] : nil)
        }
    }

    /// Random clips of 1 to 9 chunks.
    convenience init(random count: Int, size: Int, dtype: ShardDType, seed: UInt64 = 1) throws {
        var random = SplitMix64(seed: seed)
        let clips = (0..<count).map { place in
            let rows = (0...random.below(9)).map { _ in (0..<size).map { _ in Float(random.uniform() - 0.4) } }
            return (name: "clip-\(place)", rows: rows)
        }
        try self.init(clips, size: size, dtype: dtype)
    }

    func path(_ name: String) -> String { temporary.path + "/" + name }
    func text(_ name: String) throws -> String { try temporary.read(name) }

    /// What a shard gives back of values that were stored in it.
    func stored(_ row: [Float]) -> [Float] {
        var out: [Float] = []
        row.withUnsafeBufferPointer { dtype.round($0, into: &out) }
        return out
    }

    /// The cosine of two stored rows in double precision, in the plainest way.
    func cosine(_ a: [Float], _ b: [Float]) -> Double {
        let (a, b) = (stored(a).map(Double.init), stored(b).map(Double.init))
        let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        return dot / (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
}
