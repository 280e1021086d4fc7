import Corpus
import Ledger

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

    /// Writes `shards/index.csv` for the pipeline that ran last, replacing the old one in one step.
    package static func write(cache: Cache, ledger: Ledger) throws {
        try FileSystem.write(cache.indexPath) { put in
            var line: [UInt8] = CSV.row(header)
            try put(line[...])
            try forEach(ledger, pipeline: nil) { row in
                line.removeAll(keepingCapacity: true)
                CSV.append([row.clip, row.kind, row.shard, String(row.first), String(row.count)], to: &line)
                try put(line[...])
            }
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
        var contents: [Int64: String] = [:]
        try ledger.forEachSource { contents[$0.clip] = $0.content }
        var found: [[Int64: (shard: Int64, first: Int64, count: Int64)]] = []
        for stage in stages {
            var rows: [Int64: (shard: Int64, first: Int64, count: Int64)] = [:]
            try ledger.forEachResult(stage: stage.id) {
                if contents[$0.clip] == $0.content { rows[$0.clip] = ($0.shard, $0.firstRow, $0.rowCount) }
            }
            found.append(rows)
        }
        try ledger.forEachClip { clip in
            for (stage, rows) in zip(stages, found) {
                guard let row = rows[clip.id], let shard = shards[row.shard] else { continue }
                let path = shard.isSealed ? shard.path : shard.path + ".partial"
                try body(Row(clip: clip.name, kind: stage.kind, shard: path, first: row.first, count: row.count))
            }
        }
    }
}
