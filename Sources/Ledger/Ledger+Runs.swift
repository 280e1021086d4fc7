import Foundation
import GRDB

extension Ledger {
    /// The id of a stage, registering it where it is new.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func stageID(fingerprint: String, kind: String, classes: String) throws -> Int64 {
        if let known = try knownStageID(fingerprint: fingerprint) { return known }
        return try write { database in
            // The id of a stage whose row was lost may still stand in other tables, and is given to no other.
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

    /// Remembers a model that scores in this cache were made with.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func put(model digest: String, path: String) throws {
        if try models().contains(where: { $0 == (digest, path) }) { return }
        try write {
            try $0.execute(sql: "INSERT OR REPLACE INTO models VALUES(?, ?, 0)", arguments: [digest, path])
            try CheckedTable.models.mark($0, [digest])
        }
    }

    /// The models that scores in this cache were made with: digest and path of each file.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func models() throws -> [(digest: String, path: String)] {
        try read { database in
            try CheckedTable.models.rows(database, "ORDER BY t.path").map { try ($0.text(0), $0.text(1)) }
        }
    }

    /// Remembers a pipeline as it was last run, for `status`, `export` and `stats`.
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

    /// The pipelines run on this cache, the last one first.
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

    /// Notes that a run has begun, with this process and machine.
    ///
    /// - Returns: the run's id, for `finishRun`.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func beginRun(pipeline: String, workers: Int) throws -> Int64 {
        try write { database in
            try database.execute(
                sql: "INSERT INTO runs(pipeline, started, workers) VALUES(?, ?, ?)",
                arguments: [pipeline, Date().timeIntervalSince1970, workers])
            let id = database.lastInsertedRowID
            try CheckedTable.runs.mark(database, [id])
            return id
        }
    }

    /// Notes how a run ended.
    ///
    /// - Parameters:
    ///   - outcome: `RunRecord.Ending.text`.
    ///   - done: clips that this run did.
    ///   - failed: clips that failed in this run.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func finishRun(id: Int64, outcome: String, done: Int, failed: Int) throws {
        try write {
            try $0.execute(
                sql: "UPDATE runs SET finished = ?, outcome = ?, done = ?, failed = ? WHERE id = ?",
                arguments: [Date().timeIntervalSince1970, outcome, done, failed, id])
            try CheckedTable.runs.mark($0, [id])
        }
    }

    /// The run that began last; nil where there was none.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func lastRun() throws -> RunRecord? {
        try read { database in
            try CheckedTable.runs.rows(database, "ORDER BY t.id DESC LIMIT 1").first.map {
                try RunRecord(
                    id: $0.number(0), pipeline: $0.text(1), started: $0.real(2),
                    finished: $0.hasNull(atIndex: 3) ? nil : $0.real(3), workers: $0.number(4),
                    outcome: $0.optionalText(5), done: $0.number(6), failed: $0.number(7))
            }
        }
    }

    /// How many clips the process was working on when it died, counted up for each of them.
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

    /// Clips that were being worked on at `count` deaths of the process or more.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func clips(withDeaths count: Int) throws -> [Int64] {
        try read {
            try CheckedTable.deaths.rows($0, "WHERE t.count >= ? ORDER BY t.clip", [count]).map { try $0.number(0) }
        }
    }
}
