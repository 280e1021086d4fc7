import GRDB

/// What one step of pruning records, in one transaction.
package struct PruneStep: Sendable {
    /// A clip's rows of a stage.
    package typealias Key = (clip: Int64, stage: Int64)

    /// Results to delete.
    package var results: [Key] = []
    /// Shards to delete, along with their files.
    package var shards: [ShardRecord] = []
    /// Results whose rows were copied, with their new location.
    package var moved: [ResultRecord] = []
    /// The finished shards that those rows were copied into.
    package var sealed: [ShardRecord] = []

    package init() {}
}

extension Ledger {
    /// Keys of `meta`: files that no longer belong to a shard but may still exist, and the id for the next new clip.
    static let (removedKey, nextClipKey) = ("to-remove", "next-clip")

    /// Every result and whether it is needed: made by one of `stages`, for a clip that is in the manifest or in
    /// `clips`, from the file as it was last read.
    ///
    /// - Parameters:
    ///   - stages: ids of the stages that some pipeline needs.
    ///   - clips: ids of the clips that are needed besides the manifest's.
    /// - Throws: `LedgerError` of kind corrupt if a row is not what was written or clips are missing: damage must not
    ///   be mistaken for something that nobody needs. Also throws whatever `body` throws.
    package func forEachUse(
        stages: Set<Int64>, clips: Set<Int64>, _ body: (ResultRecord, _ isNeeded: Bool) throws -> Void
    ) throws {
        try read { database in
            try Self.requireClips(database)
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(ResultRecord.list("r")), \(KnownClip.list("c")), \(SourceRecord.list("s"))
                    FROM results r LEFT JOIN clips c ON c.id = r.clip LEFT JOIN sources s ON s.clip = r.clip
                    """)
            let (clipStart, sourceStart) = (
                ResultRecord.columns.count, ResultRecord.columns.count + KnownClip.columns.count
            )
            while let row = try rows.next() {
                let result = try ResultRecord.read(cursor: row)
                let clip = row.hasNull(atIndex: clipStart) ? nil : try KnownClip.read(cursor: row, from: clipStart)
                let source =
                    row.hasNull(atIndex: sourceStart) ? nil : try SourceRecord.read(cursor: row, from: sourceStart)
                let isOfUse = clip.map { $0.position != nil || clips.contains($0.id) } ?? false
                try body(result, isOfUse && stages.contains(result.stage) && source?.content == result.content)
            }
        }
    }

    /// Every clip that the last run's manifest does not name.
    ///
    /// - Throws: `LedgerError` of kind corrupt if a row is not what was written or clips are missing, and whatever
    ///   `body` throws.
    package func forEachClipWithoutPlace(_ body: (_ id: Int64, _ name: String) throws -> Void) throws {
        try read { database in
            try Self.requireClips(database)
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(KnownClip.list("c")) FROM clips c WHERE c.position IS NULL ORDER BY c.id")
            while let row = try rows.next() {
                let clip = try KnownClip.read(cursor: row)
                try body(clip.id, clip.name)
            }
        }
    }

    /// Records a step. The rows of every shard in `sealed` must already be durable. The files of `shards` may be
    /// deleted once this returns; `filesToRemove` lists them until `forgetRemovedFiles` is called.
    ///
    /// - Throws: `LedgerError`; nothing is recorded in that case.
    package func prune(_ step: PruneStep) throws {
        hook("prune.before-commit")
        try write { database in
            for record in step.sealed { try Self.put(database, record) }
            let move = try database.makeStatement(sql: "INSERT OR REPLACE INTO results VALUES(?,?,?,?,?,?,?,?,?)")
            for record in step.moved {
                move.setUncheckedArguments([
                    record.clip, record.stage, record.content, record.shard, record.firstRow, record.rowCount,
                    record.digest, record.check, record.samples,
                ])
                try move.execute()
            }
            try Self.delete(database, step.results)
            for record in step.shards {
                try database.execute(sql: "DELETE FROM shards WHERE id = ?", arguments: [record.id])
            }
            if !step.shards.isEmpty {
                let paths = try Self.filesToRemove(database) + step.shards.map(\.path)
                try Self.setMeta(database, Self.removedKey, paths.joined(separator: "\n"))
            }
            // The index file next to the shards still gives the old locations.
            if !step.moved.isEmpty { try database.execute(sql: "DELETE FROM meta WHERE key = 'index'") }
        }
        hook("prune.after-commit")
    }

    private static func delete(_ database: Database, _ keys: [PruneStep.Key]) throws {
        let statement = try database.makeStatement(sql: "DELETE FROM results WHERE clip = ? AND stage = ?")
        for key in keys {
            statement.setUncheckedArguments([key.clip, key.stage])
            try statement.execute()
        }
    }

    /// Paths, relative to the cache, of removed shards whose files may still exist. No current shard uses any of them.
    ///
    /// - Throws: `LedgerError`.
    package func filesToRemove() throws -> [String] {
        try read { database in
            let used = try Set(Self.fetchShards(database, "", []).map(\.path))
            return try Self.filesToRemove(database).filter { !used.contains($0) }
        }
    }

    private static func filesToRemove(_ database: Database) throws -> [String] {
        let text = try CheckedTable.meta.rows(database, "WHERE t.key = ?", [removedKey]).first?.text(orNil: 1) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Records durably that the files listed by `filesToRemove` are gone.
    ///
    /// - Throws: `LedgerError`.
    package func forgetRemovedFiles() throws {
        if try meta(Self.removedKey) == nil { return }
        try write { try $0.execute(sql: "DELETE FROM meta WHERE key = ?", arguments: [Self.removedKey]) }
    }

    /// Removes clips that have no results, and everything known about them. Their ids are never reused.
    ///
    /// - Throws: `LedgerError`.
    package func forgetClips(_ clips: [Int64]) throws {
        hook("prune.before-clips")
        try write { database in
            let highest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM clips") ?? 0
            let next = try max(Self.nextClip(database), highest + 1)
            try Self.setMeta(database, Self.nextClipKey, String(next))
            for (table, column) in [("sources", "clip"), ("failures", "clip"), ("deaths", "clip"), ("clips", "id")] {
                let statement = try database.makeStatement(sql: "DELETE FROM \(table) WHERE \(column) = ?")
                for clip in clips {
                    statement.setUncheckedArguments([clip])
                    try statement.execute()
                }
            }
        }
        hook("prune.after-clips")
    }

    /// The smallest id a new clip may have, taking only forgotten clips into account; 1 if none was forgotten.
    static func nextClip(_ database: Database) throws -> Int64 {
        try CheckedTable.meta.rows(database, "WHERE t.key = ?", [nextClipKey]).first?.text(orNil: 1)
            .flatMap { Int64($0) } ?? 1
    }

    /// Forgets a pipeline: its stages then belong to no pipeline, unless another one also uses them.
    ///
    /// - Throws: `LedgerError`.
    package func forgetPipeline(_ name: String) throws {
        try write { try $0.execute(sql: "DELETE FROM pipelines WHERE name = ?", arguments: [name]) }
    }

    /// Forgets the models that no scores in the cache come from any more.
    ///
    /// - Parameter digests: digests of the models to keep.
    /// - Throws: `LedgerError`.
    package func forgetModels(except digests: Set<String>) throws {
        let gone = try models().map(\.digest).filter { !digests.contains($0) }
        if gone.isEmpty { return }
        try write { database in
            for digest in gone { try database.execute(sql: "DELETE FROM models WHERE digest = ?", arguments: [digest]) }
        }
    }
}
