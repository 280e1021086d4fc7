import GRDB

/// How the manifest's clips stand with a pipeline. The three parts add up to the whole.
package struct ClipCounts: Sendable, Equatable {
    package let clips: Int
    package let done: Int
    package let failed: Int
    package var pending: Int { clips - done - failed }
}

extension Ledger {
    /// Counts clips for a pipeline, in one consistent state.
    package func counts(for pipeline: PipelineRecord) throws -> ClipCounts {
        try read { database in
            let clips = try Int.fetchOne(database, sql: "SELECT count(*) FROM clips WHERE position IS NOT NULL") ?? 0
            let list = pipeline.stages.map(String.init).joined(separator: ",")
            let complete = """
                (SELECT count(*) FROM results r JOIN sources s ON s.clip = r.clip AND s.content = r.content
                 WHERE r.clip = c.id AND r.stage IN (\(list))) = \(pipeline.stages.count)
                """
            let done =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM clips c WHERE position IS NOT NULL AND \(complete)") ?? 0
            let failed =
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(*) FROM failures f JOIN clips c ON c.id = f.clip
                        WHERE c.position IS NOT NULL AND f.target = ? AND NOT \(complete)
                        """, arguments: [pipeline.fingerprint]) ?? 0
            return ClipCounts(clips: clips, done: done, failed: failed)
        }
    }
}
