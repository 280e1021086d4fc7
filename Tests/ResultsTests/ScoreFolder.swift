import Cache
import Foundation
import Results
import Shards

/// A folder of its own with a cache of made-up scores in it; gone when the test is over.
final class ScoreFolder {
    let folder: String
    let made: ScoreCache
    let clips: [ScoreCache.Clip]
    var cache: CacheFolder { made.cache }

    /// - Parameter clip: its name, samples and chunk scores; without scores it has failed (odd places) or is pending.
    init(
        classes: [String], timing: ChunkTiming = ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000),
        dtype: ShardDType = .float32, _ clips: [(name: String, samples: Int, scores: [[Float]]?)]
    ) throws {
        folder = NSTemporaryDirectory() + "/earmark-results-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        made = ScoreCache(cache: CacheFolder(folder: folder + "/cache"), classes: classes, timing: timing, dtype: dtype)
        self.clips = clips.map {
            ScoreCache.Clip(
                name: $0.name, path: "/audio/\($0.name).wav", samples: $0.samples,
                scores: $0.scores.map { $0.flatMap { $0 } })
        }
        try made.make(clips: clips.count) { self.clips[$0] }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    /// A clip's scores, a row a chunk.
    func rows(_ place: Int) -> [[Float]]? {
        let count = made.classes.count
        return clips[place].scores.map { scores in
            stride(from: 0, to: scores.count, by: count).map { Array(scores[$0..<$0 + count]) }
        }
    }
}
