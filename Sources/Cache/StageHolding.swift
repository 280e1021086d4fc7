import Ledger
import Shards

/// What a cache holds for one stage.
package struct StageHolding: Sendable, Equatable {
    /// The stage's id in the ledger.
    package let id: Int64
    package let kind: String
    package let fingerprint: String
    /// The pipelines that use the stage, or rows of it that they share, as each last ran; empty if it belongs to earlier
    /// settings.
    package let pipelines: [String]
    package var shards = 0
    /// Rows in those shards, including those that no result refers to.
    package var rows: Int64 = 0
    /// Size of the shards' files; of an open shard, only the header and the committed rows.
    package var bytes: Int64 = 0

    /// Every stage that has shards in the cache, ordered by kind, then id.
    ///
    /// - Throws: `LedgerError` if the ledger is damaged.
    package static func all(_ ledger: Ledger) throws -> [StageHolding] {
        let pipelines = try ledger.pipelines()
        let shards = try ledger.shards()
        let open = try ledger.committedRows(shards: shards.filter { !$0.isSealed }.map(\.id))
        var found: [Int64: StageHolding] = [:]
        let stages = try ledger.stages()
        // Which stages hold rows in the shards of a stage: itself, and those that share them.
        var users: [Int64: Set<Int64>] = [:]
        for stage in stages {
            users[stage.id, default: []].insert(stage.id)
            if let source = try ledger.sourceOfShared(stage.id) { users[source, default: []].insert(stage.id) }
        }
        for stage in stages {
            let own = users[stage.id] ?? []
            found[stage.id] = StageHolding(
                id: stage.id, kind: stage.kind, fingerprint: stage.fingerprint,
                pipelines: pipelines.filter { !own.isDisjoint(with: $0.stages) }.map(\.name).sorted())
        }
        for shard in shards {
            var holding =
                found[shard.stage]
                ?? StageHolding(id: shard.stage, kind: shard.kind, fingerprint: "", pipelines: [])
            let rows = shard.isSealed ? shard.rows : open[shard.id] ?? 0
            let rowSize = shard.columns * Int64(ShardDType(rawValue: shard.dtype)?.size ?? 0)
            holding.shards += 1
            holding.rows += rows
            holding.bytes += shard.isSealed ? shard.bytes : Int64(NumpyHeader.size) + rows * rowSize
            found[shard.stage] = holding
        }
        return found.values.filter { $0.shards > 0 }.sorted { (order($0), $0.id) < (order($1), $1.id) }
    }

    private static func order(_ holding: StageHolding) -> Int {
        ["raw", "levels", "mel", "embeddings", "scores", "clip-scores"].firstIndex(of: holding.kind) ?? 9
    }
}
