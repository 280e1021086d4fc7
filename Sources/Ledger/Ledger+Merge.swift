import Errors
import GRDB

/// What `Ledger.takeOver` brought from another ledger.
package struct TakenOver: Sendable, Equatable {
    package var clips = 0
    package var results = 0
    package var failures = 0
    package var shards = 0
    package var runs = 0

    package init() {}
}

extension Ledger {
    /// Start of the keys of `meta` that say which ledgers were taken over.
    static let takenOverKey = "merged-"
    /// Key of `meta` that says that other ledgers are being taken over.
    private static let takingOverKey = takenOverKey + "begun"
    /// Start of the keys of `meta` that say which stages share results.
    static let sharedKeyStart = "shared-"

    /// Whether a ledger with this mark was taken over.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func hasTakenOver(_ mark: String) throws -> Bool { try meta(Self.takenOverKey + mark) != nil }

    /// Whether taking over other ledgers has begun and not ended: what was taken over may belong to no pipeline yet.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func isTakingOver() throws -> Bool { try meta(Self.takingOverKey) != nil }

    /// Records that other ledgers are being taken over, until `forgetTakenOver`.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be written.
    package func beginTakingOver() throws { try write { try Self.setMeta($0, Self.takingOverKey, "1") } }

    /// Ends taking over: forgets the marks of all ledgers that were taken over.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be written.
    package func forgetTakenOver() throws {
        try write {
            try $0.execute(sql: "DELETE FROM meta WHERE key LIKE '\(Self.takenOverKey)%'")
        }
    }

    /// Takes over everything that another ledger knows of some clips: results with their shards, what is known of the
    /// files, failures, deaths and lengths; and its runs, models, front-ends and pipelines. Clips, stages, shards and runs
    /// get this ledger's ids. Everything but stages, models and pipelines is recorded in one transaction, with the mark.
    ///
    /// The shards' files must be durable under the same relative paths beside this ledger before. A ledger may be taken
    /// over again, with what has been added to it since.
    ///
    /// - Parameters:
    ///   - other: the other cache's ledger, with no open shard, which no process writes to.
    ///   - clips: this ledger's ids of the clips, by the other's ids. Other clips are left out.
    ///   - mark: names the other ledger; see `hasTakenOver`.
    /// - Throws: `LedgerError` if a ledger cannot be read or written, or a row of the other is not what was written.
    package func takeOver(_ other: Ledger, clips: [Int64: Int64], mark: String) throws -> TakenOver {
        let stages = try takeOverStages(other)
        for model in try other.models() { try put(model: model.digest, path: model.path) }
        var taken = TakenOver()
        hook("merge.before-commit")
        try write { database in
            let shards = try Self.insertShards(database, other.shards(), stages: stages)
            taken.shards = shards.count
            let kept = try Self.insertResults(database, other, clips: clips, stages: stages, shards: shards)
            taken.results = kept.results
            taken.clips = kept.clips.count
            try Self.insertSources(database, other, clips: clips)
            taken.failures = try Self.insertFailures(database, other, clips: clips, done: kept.clips)
            taken.runs = try Self.insertRuns(database, other)
            for stage in stages.keys.sorted() {
                guard let source = try other.sourceOfShared(stage), let mine = stages[source], let own = stages[stage]
                else { continue }
                try Self.setMeta(database, Self.sharedKeyStart + String(own), String(mine))
            }
            // The table beside the shards lacks what is new.
            try database.execute(sql: "DELETE FROM meta WHERE key = 'index'")
            try Self.setMeta(database, Self.takenOverKey + mark, "1")
        }
        hook("merge.after-commit")
        return taken
    }

    /// The other ledger's pipelines, with this ledger's ids of their stages.
    ///
    /// - Throws: `LedgerError` if a ledger cannot be read or written.
    package func pipelines(of other: Ledger) throws -> [PipelineRecord] {
        let stages = try takeOverStages(other)
        return try other.pipelines().map { pipeline in
            PipelineRecord(
                name: pipeline.name, fingerprint: pipeline.fingerprint,
                stages: pipeline.stages.compactMap { stages[$0] }.sorted(), file: pipeline.file,
                updated: pipeline.updated, targets: pipeline.targets, settings: pipeline.settings)
        }
    }

    /// Makes the other ledger's stages known here, with their front-ends.
    ///
    /// - Returns: this ledger's ids by the other's.
    private func takeOverStages(_ other: Ledger) throws -> [Int64: Int64] {
        let frontEnds = try other.frontEnds()
        var ids: [Int64: Int64] = [:]
        for stage in try other.stages() {
            let id = try stageID(fingerprint: stage.fingerprint, kind: stage.kind, classes: stage.classes)
            ids[stage.id] = id
            if let told = frontEnds[stage.id] {
                try put(
                    StageFrontEnd(
                        stage: id, rate: told.rate, hop: told.hop, chunkHop: told.chunkHop, settings: told.settings))
            }
        }
        return ids
    }

    /// - Returns: the new ids by the old ones.
    private static func insertShards(
        _ database: Database, _ shards: [ShardRecord], stages: [Int64: Int64]
    ) throws -> [Int64: Int64] {
        var ids: [Int64: Int64] = [:]
        try raiseShardNumber(database)
        let told = try CheckedTable.meta.rows(database, "WHERE t.key = 'next-shard'").first?.text(orNil: 1)
        var next = told.flatMap { Int64($0) } ?? 1
        for shard in shards {
            guard shard.isSealed, let stage = stages[shard.stage] else {
                throw LedgerError(
                    .corrupt, path: "", "shard \(shard.path) is open or of no stage, expected a sealed one of a stage")
            }
            // The part was taken over before, and this shard may be another one by now, of a part that was done anew. What
            // the part has is recorded again below.
            if let old = try fetchShards(database, "WHERE path = ?", [shard.path]).first {
                try database.execute(sql: "DELETE FROM results WHERE shard = ?", arguments: [old.id])
            }
            try put(
                database,
                ShardRecord(
                    id: next, path: shard.path, stage: stage, kind: shard.kind, dtype: shard.dtype,
                    columns: shard.columns, rows: shard.rows, bytes: shard.bytes, digest: shard.digest, isSealed: true))
            ids[shard.id] = next
            next += 1
        }
        try setMeta(database, "next-shard", String(next))
        return ids
    }

    private static func insertResults(
        _ database: Database, _ other: Ledger, clips: [Int64: Int64], stages: [Int64: Int64], shards: [Int64: Int64]
    ) throws -> (results: Int, clips: Set<Int64>) {
        let statement = try database.makeStatement(sql: "INSERT OR REPLACE INTO results VALUES(?,?,?,?,?,?,?,?,?)")
        var count = 0
        var done: Set<Int64> = []
        try other.forEachResult { found in
            guard let clip = clips[found.clip] else { return }
            guard let stage = stages[found.stage], let shard = shards[found.shard] else {
                throw LedgerError(
                    .corrupt, path: other.path,
                    "a result of clip \(found.clip) names a stage or a shard that is not there; run 'earmark verify --repair'"
                )
            }
            let own = ResultRecord(
                clip: clip, stage: stage, content: found.content, shard: shard, firstRow: found.firstRow,
                rowCount: found.rowCount, digest: found.digest, samples: found.samples)
            statement.setUncheckedArguments([
                own.clip, own.stage, own.content, own.shard, own.firstRow, own.rowCount, own.digest, own.check,
                own.samples,
            ])
            try statement.execute()
            count += 1
            done.insert(clip)
        }
        return (count, done)
    }

    private static func insertSources(_ database: Database, _ other: Ledger, clips: [Int64: Int64]) throws {
        let statement = try database.makeStatement(sql: "INSERT OR REPLACE INTO sources VALUES(?,?,?,?,?,?,?)")
        try other.forEachSource { found in
            guard let clip = clips[found.clip] else { return }
            let own = SourceRecord(
                clip: clip, size: found.size, modified: found.modified, content: found.content, frames: found.frames,
                rate: found.rate)
            statement.setUncheckedArguments([
                own.clip, own.size, own.modified, own.content, own.check, own.frames, own.rate,
            ])
            try statement.execute()
        }
    }

    /// Replaces what this ledger knows of the clips' failures under the other's pipelines by what the other knows; of
    /// two counts of deaths the larger one counts.
    ///
    /// - Returns: how many failures there are.
    private static func insertFailures(
        _ database: Database, _ other: Ledger, clips: [Int64: Int64], done: Set<Int64>
    ) throws -> Int {
        let found = try other.failures()
        let earlier = try Int.fetchOne(database, sql: "SELECT count(*) FROM failures") ?? 0
        let targets = try Set(other.pipelines().flatMap(\.targets))
        if earlier > 0, !targets.isEmpty {
            let forget = try database.makeStatement(
                sql: "DELETE FROM failures WHERE clip = ? AND +target IN (\(marks(Array(targets))))")
            let failed = Set(found.compactMap { clips[$0.clip] })
            for clip in done.union(failed) {
                forget.setUncheckedArguments([clip] + StatementArguments(targets))
                try forget.execute()
            }
        }
        for failure in found {
            guard let clip = clips[failure.clip] else { continue }
            try database.execute(
                sql: "INSERT OR REPLACE INTO failures VALUES(?,?,?,?,?,?,?,?,0)",
                arguments: [
                    clip, failure.target, failure.failureClass.rawValue, failure.reason, failure.offset, failure.size,
                    failure.modified, failure.attempts,
                ])
            try CheckedTable.failures.mark(database, [clip, failure.target])
        }
        for death in try other.deaths() {
            guard let clip = clips[death.clip] else { continue }
            try database.execute(
                sql:
                    "INSERT INTO deaths VALUES(?, ?, 0) ON CONFLICT(clip) DO UPDATE SET count = max(count, excluded.count)",
                arguments: [clip, death.count])
            try CheckedTable.deaths.mark(database, [clip])
        }
        return found.count
    }

    /// A run that is here already, because the other ledger was taken over before, is not recorded twice.
    ///
    /// - Returns: how many runs are new.
    private static func insertRuns(_ database: Database, _ other: Ledger) throws -> Int {
        var count = 0
        for run in try other.allRuns() {
            try database.execute(
                sql: """
                    INSERT INTO runs(pipeline, started, finished, workers, outcome, done, failed, audio, work)
                        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
                        WHERE NOT EXISTS (SELECT 1 FROM runs WHERE pipeline = ? AND started = ? AND workers = ?)
                    """,
                arguments: [
                    run.pipeline, run.started, run.finished, run.workers, run.outcome, run.done, run.failed, run.audio,
                    run.work, run.pipeline, run.started, run.workers,
                ])
            guard database.changesCount > 0 else { continue }
            try CheckedTable.runs.mark(database, [database.lastInsertedRowID])
            count += 1
        }
        return count
    }

    /// Clips that were being worked on when the process died, and how often.
    private func deaths() throws -> [(clip: Int64, count: Int64)] {
        try read { try CheckedTable.deaths.rows($0, "ORDER BY t.clip").map { (try $0.number(0), try $0.number(1)) } }
    }
}
