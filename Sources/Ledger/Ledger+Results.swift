import Errors
import GRDB

extension Ledger {
    /// Records a batch in one transaction, durable when this returns.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func commit(_ batch: CommitBatch) throws {
        hook("ledger.before-commit")
        try write { database in
            let result = try database.makeStatement(sql: "INSERT OR REPLACE INTO results VALUES(?,?,?,?,?,?,?,?,?)")
            for record in batch.results {
                result.setUncheckedArguments([
                    record.clip, record.stage, record.content, record.shard, record.firstRow, record.rowCount,
                    record.digest, record.check, record.samples,
                ])
                try result.execute()
            }
            let source = try database.makeStatement(sql: "INSERT OR REPLACE INTO sources VALUES(?,?,?,?,?,?,?)")
            for record in batch.sources {
                source.setUncheckedArguments([
                    record.clip, record.size, record.modified, record.content, record.check, record.frames,
                    record.rate,
                ])
                try source.execute()
            }
            // The plus sign makes SQLite look up by clip only: nearly all clips have no failure.
            let forget = try database.makeStatement(
                sql: "DELETE FROM failures WHERE clip = ? AND +target IN (\(Self.marks(batch.targets)))")
            let survived = try database.makeStatement(sql: "DELETE FROM deaths WHERE clip = ?")
            for clip in batch.done {
                forget.setUncheckedArguments([clip] + StatementArguments(batch.targets))
                try forget.execute()
                survived.setUncheckedArguments([clip])
                try survived.execute()
            }
            let supersede = try database.makeStatement(sql: "DELETE FROM sources WHERE clip = ? AND content <> ?")
            for (clip, content) in batch.failedContents {
                supersede.setUncheckedArguments([clip, content])
                try supersede.execute()
            }
            for record in batch.failures {
                // One failure per clip and pipeline: the clip may have failed elsewhere before.
                if batch.targets.contains(record.target) {
                    forget.setUncheckedArguments(
                        [record.clip] + StatementArguments(batch.targets.map { $0 == record.target ? "" : $0 }))
                    try forget.execute()
                }
                try Self.insert(database, record)
            }
        }
        hook("ledger.after-commit")
    }

    /// One placeholder per value.
    static func marks(_ values: [some Any]) -> String { values.map { _ in "?" }.joined(separator: ",") }

    private static func insert(_ database: Database, _ record: FailureRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO failures VALUES(?,?,?,?,?,?,?,1,0)
                ON CONFLICT(clip, target) DO UPDATE SET class = excluded.class, reason = excluded.reason,
                    frame = excluded.frame, size = excluded.size, modified = excluded.modified,
                    attempts = attempts + 1
                """,
            arguments: [
                record.clip, record.target, record.failureClass.rawValue, record.reason, record.offset, record.size,
                record.modified,
            ])
        try CheckedTable.failures.mark(database, [record.clip, record.target])
    }

    /// Every result of a stage, by clip id.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachResult(stage: Int64, _ body: (ResultRecord) throws -> Void) throws {
        try forEachResult(sql: "WHERE stage = ?", [stage], body)
    }

    /// Every result stored in a shard, in the order of its rows.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachResult(shard: Int64, _ body: (ResultRecord) throws -> Void) throws {
        try forEachResult(sql: "WHERE shard = ? ORDER BY first_row", [shard], body)
    }

    /// Every result, shard by shard, in the order of the rows.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachResult(_ body: (ResultRecord) throws -> Void) throws {
        try forEachResult(sql: "", [], body)
    }

    func forEachResult(
        sql: String, _ arguments: StatementArguments, _ body: (ResultRecord) throws -> Void
    ) throws {
        try read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(ResultRecord.list("r")) FROM results r \(sql)", arguments: arguments)
            while let row = try rows.next() { try body(try ResultRecord.read(cursor: row)) }
        }
    }

    /// Results in the order of their clips' ids and of their stages, so many at a time.
    ///
    /// - Parameter key: clip and stage of the result after which to begin; nil for the first.
    /// - Throws: `LedgerError` where the ledger cannot be read, or a row is not what was written.
    package func results(after key: (clip: Int64, stage: Int64)?, limit: Int) throws -> [ResultRecord] {
        try read { database in
            var found: [ResultRecord] = []
            found.reserveCapacity(limit)
            let statement = try database.cachedStatement(
                sql: """
                    SELECT \(ResultRecord.list("r")) FROM results r WHERE (r.clip, r.stage) > (?, ?)
                    ORDER BY r.clip, r.stage LIMIT ?
                    """)
            let rows = try Row.fetchCursor(statement, arguments: [key?.clip ?? .min, key?.stage ?? .min, limit])
            while let row = try rows.next() { found.append(try ResultRecord.read(cursor: row)) }
            return found
        }
    }

    /// The results that some stages have for the manifest's clips, made from their files as last read: clip by clip in the
    /// manifest's order, and for each clip in the order of `stages`. Memory use does not grow with the number of clips.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachCurrentResult(
        stages: [Int64], _ body: (ClipRecord, ResultRecord) throws -> Void
    ) throws {
        try forEachCurrentResult(stages: stages) { clip, result, _ in try body(clip, result) }
    }

    /// Like `forEachCurrentResult(stages:_:)`, but also gives what is known of each clip's file from when it was last read.
    ///
    /// - Throws: `LedgerError` of kind corrupt where a row is not what was written, or clips are missing.
    package func forEachCurrentResult(
        stages: [Int64], _ body: (ClipRecord, ResultRecord, SourceRecord) throws -> Void
    ) throws {
        guard !stages.isEmpty else { return }
        let list = stages.map(String.init).joined(separator: ",")
        let order = stages.enumerated().map { "WHEN \($1) THEN \($0)" }.joined(separator: " ")
        try read { database in
            try Self.requireClips(database)
            // A cross join makes SQLite keep this order of tables: clips by position, then each clip's few results.
            let index = try LedgerSchema.isShownAsCurrent(database) ? "" : "INDEXED BY clips_by_position"
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(ResultRecord.list("r")), \(KnownClip.list("c")), \(SourceRecord.list("s"))
                    FROM clips c \(index) CROSS JOIN results r ON r.clip = c.id
                        AND r.stage IN (\(list)) CROSS JOIN sources s ON s.clip = c.id AND s.content = r.content
                    WHERE c.position IS NOT NULL ORDER BY c.position, CASE r.stage \(order) END
                    """)
            while let row = try rows.next() {
                let width = ResultRecord.columns.count
                let clip = try KnownClip.read(cursor: row, from: width).placed
                let source = try SourceRecord.read(cursor: row, from: width + KnownClip.columns.count)
                try body(clip, try ResultRecord.read(cursor: row), source)
            }
        }
    }

    /// The result of a clip at a stage, if there is one.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func result(clip: Int64, stage: Int64) throws -> ResultRecord? {
        try read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT \(ResultRecord.list("r")) FROM results r WHERE clip = ? AND stage = ?",
                arguments: [clip, stage]
            ).map { try ResultRecord.read($0) }
        }
    }

    /// Gives a stage the results that another stage has of clips as they were last read, and that it lacks. Both refer to
    /// the same rows afterwards.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be written or a row is not what was written.
    package func shareResults(of source: Int64, with target: Int64) throws {
        try write { database in
            var isShared = false
            let put = try database.makeStatement(sql: "INSERT OR REPLACE INTO results VALUES(?,?,?,?,?,?,?,?,?)")
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(ResultRecord.list("r")) FROM results r JOIN sources s ON s.clip = r.clip AND s.content = r.content
                    WHERE r.stage = ? AND NOT EXISTS
                        (SELECT 1 FROM results t WHERE t.clip = r.clip AND t.stage = ? AND t.content = r.content)
                    """, arguments: [source, target])
            while let row = try rows.next() {
                let found = try ResultRecord.read(cursor: row)
                let shared = ResultRecord(
                    clip: found.clip, stage: target, content: found.content, shard: found.shard,
                    firstRow: found.firstRow,
                    rowCount: found.rowCount, digest: found.digest, samples: found.samples)
                put.setUncheckedArguments([
                    shared.clip, shared.stage, shared.content, shared.shard, shared.firstRow, shared.rowCount,
                    shared.digest, shared.check, shared.samples,
                ])
                try put.execute()
                isShared = true
            }
            if isShared { try Self.setMeta(database, Self.sharedKey(target), String(source)) }
        }
    }

    /// The stage whose shards hold rows of another stage, because the two share results; nil if none does.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func sourceOfShared(_ stage: Int64) throws -> Int64? {
        try meta(Self.sharedKey(stage)).flatMap { Int64($0) }
    }

    /// Key of `meta`: the stage whose results a stage took over.
    private static func sharedKey(_ stage: Int64) -> String { sharedKeyStart + String(stage) }

    /// Rebuilds every index from its table.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func rebuildIndexes() throws { try write { try $0.execute(sql: "REINDEX") } }

    /// Deletes results, so that the next run makes them again.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func deleteResults(_ keys: [(clip: Int64, stage: Int64)]) throws {
        try write { database in
            let statement = try database.makeStatement(sql: "DELETE FROM results WHERE clip = ? AND stage = ?")
            for key in keys {
                statement.setUncheckedArguments([key.clip, key.stage])
                try statement.execute()
            }
        }
    }
}
