import Foundation
import GRDB

extension Ledger {
    /// The id of a stage, which is registered if it is new.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func stageID(fingerprint: String, kind: String, classes: String) throws -> Int64 {
        if let known = try knownStageID(fingerprint: fingerprint) { return known }
        return try write { database in
            // A stage whose row was lost may still be referred to by id in other tables; such an id is never reused.
            let id =
                1
                + (try Int64.fetchOne(
                    database,
                    sql: """
                        SELECT max(id) FROM (SELECT max(id) AS id FROM stages UNION ALL SELECT max(stage) FROM results
                        UNION ALL SELECT max(stage) FROM shards UNION ALL SELECT max(stage) FROM front_ends)
                        """) ?? 0)
            try database.execute(
                sql: "INSERT INTO stages(id, fingerprint, kind, classes) VALUES(?, ?, ?, ?)",
                arguments: [id, fingerprint, kind, classes])
            try CheckedTable.stages.mark(database, [id])
            return id
        }
    }

    /// The id of a stage, if it was ever run on this cache.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func knownStageID(fingerprint: String) throws -> Int64? {
        try read {
            try CheckedTable.stages.rows($0, "WHERE t.fingerprint = ?", [fingerprint]).first.map { try $0.number(0) }
        }
    }

    /// Every stage that was ever run on this cache, by id.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func stages() throws -> [StageRecord] {
        try read { database in
            try CheckedTable.stages.rows(database, "ORDER BY t.id").map {
                try StageRecord(id: $0.number(0), fingerprint: $0.text(1), kind: $0.text(2), classes: $0.text(3))
            }
        }
    }

    /// Stores a model that was used to make scores in this cache.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func put(model digest: String, path: String) throws {
        if try models().contains(where: { $0 == (digest, path) }) { return }
        try write {
            try $0.execute(sql: "INSERT OR REPLACE INTO models VALUES(?, ?, 0)", arguments: [digest, path])
            try CheckedTable.models.mark($0, [digest])
        }
    }

    /// The models used to make scores in this cache: digest and path of each file.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func models() throws -> [(digest: String, path: String)] {
        try read { database in
            try CheckedTable.models.rows(database, "ORDER BY t.path").map { try ($0.text(0), $0.text(1)) }
        }
    }

    /// Stores a pipeline as it was last run, for `status`, `export` and `stats`.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func put(_ pipeline: PipelineRecord) throws {
        let stages = pipeline.stages.map(String.init).joined(separator: ",")
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO pipelines VALUES(?, ?, ?, ?, ?, 0, ?, ?)",
                arguments: [
                    pipeline.name, pipeline.fingerprint, stages, pipeline.file, pipeline.updated,
                    pipeline.targets.joined(separator: ","), pipeline.settings,
                ])
            try CheckedTable.pipelines.mark($0, [pipeline.name])
        }
    }

    /// The pipelines run on this cache, the most recent first.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func pipelines() throws -> [PipelineRecord] {
        try read { database in
            try CheckedTable.pipelines.rows(database, "ORDER BY t.updated DESC").map {
                let stages = try $0.text(2).split(separator: ",").compactMap { Int64($0) }
                let targets = try $0.optionalText(5)?.split(separator: ",").map(String.init) ?? []
                return try PipelineRecord(
                    name: $0.text(0), fingerprint: $0.text(1), stages: stages, file: $0.text(3), updated: $0.real(4),
                    targets: targets, settings: $0.optionalText(6) ?? "")
            }
        }
    }

    /// Records that a run has begun, with this process and machine.
    ///
    /// - Parameter work: what the run does with its clips; see `RunRecord`.
    /// - Returns: the run's id, for `finishRun`.
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func beginRun(pipeline: String, workers: Int, work: String? = nil) throws -> Int64 {
        try write { database in
            try database.execute(
                sql: "INSERT INTO runs(pipeline, started, workers, work) VALUES(?, ?, ?, ?)",
                arguments: [pipeline, Date().timeIntervalSince1970, workers, work])
            let id = database.lastInsertedRowID
            try CheckedTable.runs.mark(database, [id])
            return id
        }
    }

    /// Records how a run ended.
    ///
    /// - Parameters:
    ///   - outcome: `RunRecord.Ending.text`.
    ///   - done: clips that this run finished.
    ///   - failed: clips that failed in this run.
    ///   - audio: seconds of audio processed; nil if they were not counted.
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func finishRun(id: Int64, outcome: String, done: Int, failed: Int, audio: Double? = nil) throws {
        try write {
            try $0.execute(
                sql: "UPDATE runs SET finished = ?, outcome = ?, done = ?, failed = ?, audio = ? WHERE id = ?",
                arguments: [Date().timeIntervalSince1970, outcome, done, failed, audio, id])
            try CheckedTable.runs.mark($0, [id])
        }
    }

    /// Records what the runs of merged parts came to together, as the last run. Does nothing if the last run is that already,
    /// because the merge that recorded it was killed before its end.
    ///
    /// - Parameters:
    ///   - parts: how many parts were merged.
    ///   - plan: the tag of their plan.
    ///   - done: clips of the plan that are done.
    ///   - failed: clips of the plan that failed.
    ///   - runs: the parts' runs.
    /// - Throws: `LedgerError` where the ledger cannot be read or written.
    package func recordMerge(
        pipeline: String, parts: Int, plan: String, done: Int, failed: Int, runs: [RunRecord]
    ) throws {
        let work = RunRecord.work(ofMerge: parts, plan: plan)
        guard let started = runs.map(\.started).min(), try lastRun()?.work != work else { return }
        // A run that was killed has no end of its own.
        let finished = runs.map { $0.finished ?? $0.started }.max() ?? started
        let audio = runs.compactMap(\.audio).reduce(0, +)
        try write {
            try $0.execute(
                sql: """
                    INSERT INTO runs(pipeline, started, finished, workers, outcome, done, failed, audio, work)
                        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    pipeline, started, finished, runs.map(\.workers).max() ?? 1, RunRecord.Ending.complete.text, done,
                    failed, audio, work,
                ])
            try CheckedTable.runs.mark($0, [$0.lastInsertedRowID])
        }
    }

    /// The run that began last; nil if there was none.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func lastRun() throws -> RunRecord? { try runs("ORDER BY t.id DESC LIMIT 1", []).first }

    /// The runs of the same work that ended and recorded how much audio they processed, the most recent first.
    ///
    /// - Parameter limit: the most runs to return.
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func measuredRuns(work: String, limit: Int) throws -> [RunRecord] {
        try runs(
            "WHERE t.work = ? AND t.audio > 0 AND t.finished > t.started ORDER BY t.id DESC LIMIT ?", [work, limit])
    }

    /// Every run, in the order in which they began.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func allRuns() throws -> [RunRecord] { try runs("ORDER BY t.id", []) }

    private func runs(_ tail: String, _ arguments: StatementArguments) throws -> [RunRecord] {
        try read { database in
            try CheckedTable.runs.rows(database, tail, arguments).map {
                try RunRecord(
                    id: $0.number(0), pipeline: $0.text(1), started: $0.real(2),
                    finished: $0.hasNull(atIndex: 3) ? nil : $0.real(3), workers: $0.number(4),
                    outcome: $0.optionalText(5), done: $0.number(6), failed: $0.number(7),
                    audio: $0.hasNull(atIndex: 8) ? nil : $0.real(8), work: $0.optionalText(9))
            }
        }
    }

    /// Adds one death to each clip that the process was working on when it died.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func noteDeaths(of clips: [Int64]) throws {
        try write { database in
            for clip in clips {
                try database.execute(
                    sql: "INSERT INTO deaths VALUES(?, 1, 0) ON CONFLICT(clip) DO UPDATE SET count = count + 1",
                    arguments: [clip])
                try CheckedTable.deaths.mark(database, [clip])
            }
        }
    }

    /// Clips that were being worked on during at least `count` deaths of the process.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func clips(withDeaths count: Int) throws -> [Int64] {
        try read {
            try CheckedTable.deaths.rows($0, "WHERE t.count >= ? ORDER BY t.clip", [count]).map { try $0.number(0) }
        }
    }
}
