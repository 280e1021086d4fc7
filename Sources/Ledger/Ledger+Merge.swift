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

/// Another ledger that is to be taken over; see `Ledger.takeOver`.
package struct LedgerToTakeOver {
    let ledger: Ledger
    let clips: [Int64: Int64]
    let mark: String

    /// - Parameters:
    ///   - ledger: the other cache's ledger, with no open shard, which no process writes to.
    ///   - clips: this ledger's ids of the clips, by the other's ids. Other clips are left out.
    ///   - mark: names the other ledger; see `Ledger.hasTakenOver`.
    package init(_ ledger: Ledger, clips: [Int64: Int64], mark: String) {
        (self.ledger, self.clips, self.mark) = (ledger, clips, mark)
    }
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

    /// Takes over everything that other ledgers know of some clips: results with their shards, what is known of the files,
    /// failures, deaths and lengths; and their runs, models, front-ends and pipelines. Clips, stages, shards and runs get
    /// this ledger's ids. Everything but stages, models and pipelines is recorded in one transaction, with the marks.
    ///
    /// The clips of every part lie all over the manifest, so that ledger after ledger would rewrite nearly all pages of the
    /// large tables each time. Therefore their rows are read side by side and written in the order of this ledger's clips.
    ///
    /// The shards' files must be durable under the same relative paths beside this ledger before. A ledger may be taken
    /// over again, with what has been added to it since.
    ///
    /// - Returns: what each of them brought, in their order.
    /// - Throws: `LedgerError` if a ledger cannot be read or written, or a row of another is not what was written.
    package func takeOver(_ others: [LedgerToTakeOver]) throws -> [TakenOver] {
        let stages = try others.map { try takeOverStages($0.ledger) }
        for other in others {
            for model in try other.ledger.models() { try put(model: model.digest, path: model.path) }
        }
        var taken = [TakenOver](repeating: TakenOver(), count: others.count)
        hook("merge.before-commit")
        try write { database in
            var shards: [[Int64: Int64]] = []
            for (other, stages) in zip(others, stages) {
                shards.append(try Self.insertShards(database, other.ledger.shards(), stages: stages))
            }
            let kept = try Self.insertResults(database, others, stages: stages, shards: shards)
            try Self.insertSources(database, others)
            var failed = try Int64.fetchSet(database, sql: "SELECT clip FROM failures")
            for (place, other) in others.enumerated() {
                taken[place].shards = shards[place].count
                taken[place].results = kept[place].results
                taken[place].clips = kept[place].clips.count
                taken[place].failures = try Self.insertFailures(
                    database, other.ledger, clips: other.clips, done: kept[place].clips, failed: &failed)
                taken[place].runs = try Self.insertRuns(database, other.ledger)
                for stage in stages[place].keys.sorted() {
                    guard let source = try other.ledger.sourceOfShared(stage), let mine = stages[place][source],
                        let own = stages[place][stage]
                    else { continue }
                    try Self.setMeta(database, Self.sharedKeyStart + String(own), String(mine))
                }
                try Self.setMeta(database, Self.takenOverKey + other.mark, "1")
            }
            // The table beside the shards lacks what is new.
            try database.execute(sql: "DELETE FROM meta WHERE key = 'index'")
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
        _ database: Database, _ others: [LedgerToTakeOver], stages: [[Int64: Int64]], shards: [[Int64: Int64]]
    ) throws -> [(results: Int, clips: Set<Int64>)] {
        let statement = try database.makeStatement(sql: "INSERT OR REPLACE INTO results VALUES(?,?,?,?,?,?,?,?,?)")
        var kept = [(results: Int, clips: Set<Int64>)](repeating: (0, []), count: others.count)
        try forEachMerged(others, clip: \.clip) { place, last in
            try others[place].ledger.results(after: last.map { ($0.clip, $0.stage) }, limit: page)
        } body: { place, clip, found in
            guard let stage = stages[place][found.stage], let shard = shards[place][found.shard] else {
                throw LedgerError(
                    .corrupt, path: others[place].ledger.path,
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
            kept[place].results += 1
            kept[place].clips.insert(clip)
        }
        return kept
    }

    private static func insertSources(_ database: Database, _ others: [LedgerToTakeOver]) throws {
        let statement = try database.makeStatement(sql: "INSERT OR REPLACE INTO sources VALUES(?,?,?,?,?,?,?)")
        try forEachMerged(others, clip: \.clip) { place, last in
            try others[place].ledger.sources(after: last?.clip, limit: page)
        } body: { _, clip, found in
            let own = SourceRecord(
                clip: clip, size: found.size, modified: found.modified, content: found.content, frames: found.frames,
                rate: found.rate)
            statement.setUncheckedArguments([
                own.clip, own.size, own.modified, own.content, own.check, own.frames, own.rate,
            ])
            try statement.execute()
        }
    }

    /// Rows that are read of a ledger at a time.
    private static var page: Int { 256 }

    /// Calls `body` with the rows of several ledgers, always with the one whose clip comes first in this ledger. Rows of
    /// clips that are not to be taken over are left out.
    ///
    /// - Parameters:
    ///   - clip: a row's clip, by the id that it has in its own ledger.
    ///   - rows: the next rows of a ledger after one of them, in its own order; none at its end.
    ///   - body: receives the ledger's place in `others`, this ledger's id of the clip, and the row.
    private static func forEachMerged<Record>(
        _ others: [LedgerToTakeOver], clip: (Record) -> Int64, rows: (Int, Record?) throws -> [Record],
        body: (Int, Int64, Record) throws -> Void
    ) throws {
        var pages = [ArraySlice<Record>](repeating: [], count: others.count)
        var last = [Record?](repeating: nil, count: others.count)
        var next = [Int64?](repeating: nil, count: others.count)
        /// Moves on to the ledger's next row; its clip is nil at the end.
        func advance(_ place: Int) throws {
            next[place] = nil
            while next[place] == nil {
                if pages[place].isEmpty { pages[place] = try rows(place, last[place])[...] }
                guard let row = pages[place].popFirst() else { return }
                last[place] = row
                next[place] = others[place].clips[clip(row)]
            }
        }
        for place in others.indices { try advance(place) }
        while true {
            var first: (place: Int, clip: Int64)?
            for (place, clip) in next.enumerated() {
                if let clip, clip < first?.clip ?? .max { first = (place, clip) }
            }
            guard let first, let row = last[first.place] else { return }
            try body(first.place, first.clip, row)
            try advance(first.place)
        }
    }

    /// Replaces what this ledger knows of the clips' failures under the other's pipelines by what the other knows; of
    /// two counts of deaths the larger one counts.
    ///
    /// - Parameters:
    ///   - done: the clips of which the other has results.
    ///   - failed: the clips of which this ledger knows failures.
    /// - Returns: how many failures there are.
    private static func insertFailures(
        _ database: Database, _ other: Ledger, clips: [Int64: Int64], done: Set<Int64>, failed: inout Set<Int64>
    ) throws -> Int {
        let found = try other.failures()
        let known = Set(found.compactMap { clips[$0.clip] })
        // Nearly all clips have no failure, and a statement for each of a million takes 13 s.
        let earlier = failed.intersection(done).union(failed.intersection(known))
        let targets = try Set(other.pipelines().flatMap(\.targets))
        if !earlier.isEmpty, !targets.isEmpty {
            let forget = try database.makeStatement(
                sql: "DELETE FROM failures WHERE clip = ? AND +target IN (\(marks(Array(targets))))")
            for clip in earlier {
                forget.setUncheckedArguments([clip] + StatementArguments(targets))
                try forget.execute()
            }
        }
        failed.formUnion(known)
        let insert = try database.makeStatement(sql: "INSERT OR REPLACE INTO failures VALUES(?,?,?,?,?,?,?,?,0)")
        for failure in found {
            guard let clip = clips[failure.clip] else { continue }
            insert.setUncheckedArguments([
                clip, failure.target, failure.failureClass.rawValue, failure.reason, failure.offset, failure.size,
                failure.modified, failure.attempts,
            ])
            try insert.execute()
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
