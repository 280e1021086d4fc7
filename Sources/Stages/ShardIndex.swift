import Corpus
import Foundation
import Ledger
import Shards

/// The table that says where each clip's rows lie: `clip,kind,shard,first,count`.
package enum ShardIndex {
    package static let header = ["clip", "kind", "shard", "first", "count"]
    /// What the index tells of, in its order within a clip.
    private static let kinds = ["raw", "mel", "scores", "embeddings"]

    package struct Row {
        package let clip: String
        package let kind: String
        /// Relative to the cache.
        package let shard: String
        package let first: Int64
        package let count: Int64
    }

    /// Writes `shards/index.csv` for the pipeline that ran last, replacing the old one in one step, and notes its digest.
    package static func write(cache: Cache, ledger: Ledger) throws {
        let checksum = Checksum()
        try FileSystem.write(cache.indexPath) { put in
            try lines(ledger) { line in
                line.withUnsafeBytes { checksum.update($0) }
                try put(line)
            }
        }
        let pipeline = try PipelineChoice.find(ledger, name: nil)
        try ledger.noteIndex(pipeline: pipeline.fingerprint, digest: checksum.digest.description)
    }

    /// Whether the file is the one that was last written, for the pipeline that ran last and the manifest as it is.
    package static func isCurrent(cache: Cache, ledger: Ledger) throws -> Bool {
        guard access(cache.indexPath, R_OK) == 0 else { return false }
        let pipeline = try PipelineChoice.find(ledger, name: nil)
        return try ledger.isIndex(
            pipeline: pipeline.fingerprint, digest: Checksum.ofFile(cache.indexPath).description)
    }

    private static func lines(_ ledger: Ledger, _ put: (ArraySlice<UInt8>) throws -> Void) throws {
        var line: [UInt8] = CSV.row(header)
        try put(line[...])
        try forEach(ledger, pipeline: nil) { row in
            line.removeAll(keepingCapacity: true)
            CSV.append([row.clip, row.kind, row.shard, String(row.first), String(row.count)], to: &line)
            try put(line[...])
        }
    }

    /// Every row in clip order.
    ///
    /// - Parameter pipeline: its name; nil for the one that ran last.
    package static func forEach(_ ledger: Ledger, pipeline: String?, _ body: (Row) throws -> Void) throws {
        let chosen = try PipelineChoice.find(ledger, name: pipeline)
        let shards = Dictionary(uniqueKeysWithValues: try ledger.shards().map { ($0.id, $0) })
        let stages = try ledger.stages().filter { chosen.stages.contains($0.id) && kinds.contains($0.kind) }
            .sorted { (kinds.firstIndex(of: $0.kind) ?? 0, $0.id) < (kinds.firstIndex(of: $1.kind) ?? 0, $1.id) }
        let kindOf = Dictionary(uniqueKeysWithValues: stages.map { ($0.id, $0.kind) })
        try ledger.forEachCurrentResult(stages: stages.map(\.id)) { clip, result in
            guard let kind = kindOf[result.stage], let shard = shards[result.shard] else { return }
            let path = shard.isSealed ? shard.path : shard.path + ".partial"
            try body(Row(clip: clip.name, kind: kind, shard: path, first: result.firstRow, count: result.rowCount))
        }
    }
}
