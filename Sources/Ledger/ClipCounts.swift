import GRDB

/// How many of the manifest's clips are done, failed and pending for a pipeline. The three add up to the total.
package struct ClipCounts: Sendable, Equatable {
    package let clips: Int
    package let done: Int
    package let failed: Int
    package var pending: Int { clips - done - failed }
}

extension Ledger {
    /// Counts clips for a pipeline, from one consistent state of the ledger.
    ///
    /// A clip is done when every stage has rows made from the file as it was last read, and no later version of the file has
    /// failed since. It is failed when it is not done and a failure is recorded under one of the pipeline's targets.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func counts(for pipeline: PipelineRecord) throws -> ClipCounts {
        try read { database in
            let clips = try Int.fetchOne(database, sql: "SELECT count(*) FROM clips WHERE position IS NOT NULL") ?? 0
            let done = try Self.doneClips(database, pipeline, columns: "count(*)") { try $0.number(0) }.first ?? 0
            let failed =
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(DISTINCT f.clip) FROM failures f JOIN clips c ON c.id = f.clip
                        WHERE c.position IS NOT NULL AND f.target IN (\(Self.marks(pipeline.targets)))
                            AND NOT (\(Self.isComplete(pipeline)))
                        """,
                    arguments: StatementArguments(pipeline.targets) + StatementArguments(pipeline.targets)) ?? 0
            return ClipCounts(clips: clips, done: Int(done), failed: failed)
        }
    }

    /// The failures that make clips count as failed, one per clip, in the manifest's order.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func failures(of pipeline: PipelineRecord) throws -> [FailureRecord] {
        var last: Int64?
        return try failures(
            condition: "AND t.target IN (\(Self.marks(pipeline.targets))) AND NOT (\(Self.isComplete(pipeline)))",
            StatementArguments(pipeline.targets) + StatementArguments(pipeline.targets)
        ).filter { failure in
            defer { last = failure.clip }
            return failure.clip != last
        }
    }

    /// Ids of the manifest's clips that are done, for a pipeline as it was last run.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func doneClips(of pipeline: PipelineRecord) throws -> [Int64] {
        try read { try Self.doneClips($0, pipeline, columns: "c.id") { try $0.number(0) } }
    }

    private static func doneClips<Value>(
        _ database: Database, _ pipeline: PipelineRecord, columns: String, _ read: (Row) throws -> Value
    ) throws -> [Value] {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT \(columns) FROM clips c WHERE c.position IS NOT NULL AND \(isComplete(pipeline))",
            arguments: StatementArguments(pipeline.targets))
        var values: [Value] = []
        while let row = try rows.next() { values.append(try read(row)) }
        return values
    }

    /// A condition on clip `c`; its arguments are the pipeline's targets.
    private static func isComplete(_ pipeline: PipelineRecord) -> String {
        let list = pipeline.stages.map(String.init).joined(separator: ",")
        return """
            (SELECT count(*) FROM results r JOIN sources s ON s.clip = r.clip AND s.content = r.content
                WHERE r.clip = c.id AND r.stage IN (\(list))) = \(pipeline.stages.count)
            AND NOT EXISTS (SELECT 1 FROM failures e JOIN sources o ON o.clip = e.clip
                WHERE e.clip = c.id AND +e.target IN (\(marks(pipeline.targets)))
                    AND (e.size <> o.size OR e.modified <> o.modified))
            """
    }
}
