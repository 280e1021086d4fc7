import Files
import Foundation
import Ledger
import Shards

/// What pruning a cache would remove, and why. Making the plan changes nothing.
///
/// Rows are needed if all of this holds: a stage of some pipeline of the cache, as it last ran, made them; the clip is
/// named by the last run's manifest or by an additional manifest that was given; and they were made from the file as it
/// was last read. All other rows are unused: those of earlier settings and models, of clips no longer in the manifest,
/// and those that have been made again since.
package struct PrunePlan: Sendable {
    /// The unused part of a stage's rows.
    package struct Stage: Sendable, Equatable {
        /// The stage's id in the ledger.
        package let id: Int64
        package let kind: String
        package let fingerprint: String
        /// Whether no pipeline needs the stage at all.
        package let isSuperseded: Bool
        /// Results to be removed from the ledger; each is one clip's rows.
        package var results = 0
        /// Rows whose space is freed, and that space in bytes.
        package var rows: Int64 = 0
        package var bytes: Int64 = 0
        /// Unused rows that stay because freeing their space is not worth copying the others, and that space in bytes.
        package var keptRows: Int64 = 0
        package var keptBytes: Int64 = 0

        var isEmpty: Bool { results == 0 && rows == 0 && keptRows == 0 }
    }

    /// A file in the shards' folder that is named like a shard but is not one.
    package struct Stray: Sendable, Equatable {
        /// Relative to the cache.
        package let path: String
        package let bytes: Int64
    }

    /// The stages with unused rows, by id.
    package private(set) var stages: [Stage] = []
    /// Clips that no manifest names, to be removed from the ledger.
    package private(set) var clips: [Int64] = []
    package let strays: [Stray]
    /// Shards in which nothing is needed.
    private(set) var removed: [ShardRecord] = []
    /// Shards whose needed rows are copied into new ones.
    private(set) var rewritten: [ShardRecord] = []
    /// How many shards keep unused rows.
    package private(set) var unevenShards = 0
    private let needed: Use

    package var removedShards: Int { removed.count }
    package var rewrittenShards: Int { rewritten.count }
    package var results: Int { stages.reduce(0) { $0 + $1.results } }
    package var rows: Int64 { stages.reduce(0) { $0 + $1.rows } }
    /// Bytes freed on disk.
    package var bytes: Int64 { stages.reduce(0) { $0 + $1.bytes } + strays.reduce(0) { $0 + $1.bytes } }
    package var keptRows: Int64 { stages.reduce(0) { $0 + $1.keptRows } }
    package var keptBytes: Int64 { stages.reduce(0) { $0 + $1.keptBytes } }
    package var isEmpty: Bool {
        clips.isEmpty && strays.isEmpty && removed.isEmpty && rewritten.isEmpty && results == 0
    }

    /// What is needed in a cache.
    private struct Use: Sendable {
        let stages: Set<Int64>
        /// Clips that an additional manifest names.
        let clips: Set<Int64>
    }

    /// - Parameters:
    ///   - dropping: names of pipelines to treat as absent.
    ///   - names: whether an additional manifest names a clip.
    ///   - share: a shard is copied if at least this share of its rows, 0 to 1, is unused.
    ///   - looksForStrays: false if a run may be making shards that the ledger does not list yet.
    /// - Throws: `LedgerError` if the ledger is damaged; `FileError` if the shards' folder cannot be listed.
    package init(
        cache: CacheFolder, ledger: Ledger, dropping: Set<String>, share: Double, looksForStrays: Bool,
        names: (String) -> Bool
    ) throws {
        var (others, kept): ([Int64], Set<Int64>) = ([], [])
        try ledger.forEachClipWithoutPlace { id, name in
            if names(name) { kept.insert(id) } else { others.append(id) }
        }
        clips = others
        let use = try Use(
            stages: Set(ledger.pipelines().filter { !dropping.contains($0.name) }.flatMap(\.stages)), clips: kept)
        needed = use
        let shards = try ledger.shards()
        strays = looksForStrays ? try Self.strays(cache, shards) : []
        var rowsOfShard: [Int64: Rows] = [:]
        var resultsOfStage: [Int64: Int] = [:]
        try ledger.forEachUse(stages: use.stages, clips: use.clips) { result, isNeeded in
            var rows = rowsOfShard[result.shard] ?? Rows()
            rows.end = max(rows.end, result.firstRow + result.rowCount)
            if isNeeded { rows.needed += result.rowCount } else { resultsOfStage[result.stage, default: 0] += 1 }
            rowsOfShard[result.shard] = rows
        }
        var found: [Int64: Stage] = [:]
        for stage in try ledger.stages() {
            found[stage.id] = Stage(
                id: stage.id, kind: stage.kind, fingerprint: stage.fingerprint,
                isSuperseded: !use.stages.contains(stage.id), results: resultsOfStage[stage.id] ?? 0)
        }
        for shard in shards {
            let rows = rowsOfShard[shard.id] ?? Rows()
            sort(shard, rows, share, cache, &found[shard.stage, default: Self.unknown(shard)])
        }
        stages = found.values.filter { !$0.isEmpty }.sorted { $0.id < $1.id }
    }

    /// Rows of a shard.
    private struct Rows {
        var needed: Int64 = 0
        /// Where the last result ends.
        var end: Int64 = 0
    }

    /// The entry for a stage whose ledger row was lost.
    private static func unknown(_ shard: ShardRecord) -> Stage {
        Stage(id: shard.stage, kind: shard.kind, fingerprint: "", isSuperseded: true)
    }

    /// Decides whether a shard is removed, rewritten or kept.
    private mutating func sort(
        _ shard: ShardRecord, _ rows: Rows, _ share: Double, _ cache: CacheFolder, _ stage: inout Stage
    ) {
        let all = shard.isSealed ? max(shard.rows, rows.end) : rows.end
        let idle = all - rows.needed
        let rowSize = shard.columns * Int64(ShardDType(rawValue: shard.dtype)?.size ?? 0)
        if rows.needed == 0 {
            removed.append(shard)
            stage.rows += idle
            stage.bytes += shard.isSealed ? shard.bytes : Self.partialBytes(cache.folder + "/" + shard.path)
        } else if idle == 0 {
            return
        } else if shard.isSealed, Double(idle) >= share * Double(all) {
            rewritten.append(shard)
            stage.rows += idle
            stage.bytes += idle * rowSize
        } else {
            unevenShards += 1
            stage.keptRows += idle
            stage.keptBytes += idle * rowSize
        }
    }

    private static func partialBytes(_ path: String) -> Int64 {
        [path, ShardWriter.partial(path)].reduce(0) { $0 + Int64(FileSystem.status($1)?.st_size ?? 0) }
    }

    /// Reports every result that the plan concerns.
    ///
    /// - Parameters:
    ///   - dropped: called with each one that is not needed.
    ///   - kept: called with each one that is needed and is in a shard of `rewritten`.
    /// - Throws: `LedgerError` if the ledger is damaged.
    func forEachResult(
        _ ledger: Ledger, dropped: (ResultRecord) -> Void, kept: (ResultRecord) -> Void
    ) throws {
        let copied = Set(rewritten.map(\.id))
        try ledger.forEachUse(stages: needed.stages, clips: needed.clips) { result, isNeeded in
            if !isNeeded { dropped(result) } else if copied.contains(result.shard) { kept(result) }
        }
    }

    /// Files named as Earmark names shards but unknown to the ledger, as a crash can leave them.
    private static func strays(_ cache: CacheFolder, _ shards: [ShardRecord]) throws -> [Stray] {
        let known = Set(shards.flatMap { [$0.path, ShardWriter.partial($0.path)] })
        return try FileSystem.list(cache.folder + "/shards").compactMap { entry in
            let path = "shards/" + entry.name
            guard !entry.isLink, entry.kind != .folder, ShardName.isOne(entry.name), !known.contains(path),
                let status = FileSystem.status(cache.folder + "/" + path)
            else { return nil }
            return Stray(path: path, bytes: Int64(status.st_size))
        }
    }
}
