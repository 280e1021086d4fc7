import GRDB

extension Ledger {
    /// Registers a shard before its file is created.
    ///
    /// - Parameter path: makes the relative path from the shard's id.
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func addShard(
        stage: Int64, kind: String, dtype: String, columns: Int, path: (Int64) -> String
    ) throws -> ShardRecord {
        try write { database in
            let told = try CheckedTable.meta.rows(database, "WHERE t.key = 'next-shard'").first?.text(orNil: 1)
            let highest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM shards") ?? 0
            let next = max(told.flatMap { Int64($0) } ?? 1, highest + 1)
            try Self.setMeta(database, "next-shard", String(next + 1))
            let record = ShardRecord(
                id: next, path: path(next), stage: stage, kind: kind, dtype: dtype, columns: Int64(columns))
            try Self.put(database, record)
            return record
        }
    }

    /// Records that a shard has its final name, row count and digest.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func markSealed(id: Int64, rows: Int, bytes: Int, digest: String) throws {
        try write { database in
            guard let old = try Self.fetchShards(database, "WHERE id = ?", [id]).first else { return }
            try Self.put(
                database,
                ShardRecord(
                    id: id, path: old.path, stage: old.stage, kind: old.kind, dtype: old.dtype, columns: old.columns,
                    rows: Int64(rows), bytes: Int64(bytes), digest: digest, isSealed: true))
        }
    }

    /// Makes sure that no shard number is ever reused, even if the row that counts them, or a shard's own row, was lost.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func raiseShardNumber() throws { try write(Self.raiseShardNumber) }

    static func raiseShardNumber(_ database: Database) throws {
        let meta = try Row.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'next-shard'")
        let told = meta?.text(orNil: 0).flatMap { Int64($0) } ?? 1
        let highest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM shards") ?? 0
        let used = try Int64.fetchOne(database, sql: "SELECT max(shard) FROM results") ?? 0
        let next = max(told, highest + 1, used + 1)
        if next != told || meta == nil { try setMeta(database, "next-shard", String(next)) }
    }

    /// Forgets a shard that holds no results. Its number is never reused.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func removeShard(id: Int64) throws {
        try write { try $0.execute(sql: "DELETE FROM shards WHERE id = ?", arguments: [id]) }
    }

    /// Every shard, by id.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func shards() throws -> [ShardRecord] { try read { try Self.fetchShards($0, "ORDER BY id", []) } }

    /// A shard by id; nil if the ledger has none with this id.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func shard(id: Int64) throws -> ShardRecord? {
        try read { try Self.fetchShards($0, "WHERE id = ?", [id]).first }
    }

    /// How many rows of a shard results refer to. Rows after these do not count and are cut off.
    ///
    /// - Throws: `LedgerError` of kind corrupt where a result's row is not what was written.
    package func committedRows(shard: Int64) throws -> Int {
        var rows: Int64 = 0
        try forEachResult(sql: "WHERE r.shard = ?", [shard]) { rows = max(rows, $0.firstRow + $0.rowCount) }
        return Int(rows)
    }

    /// Like `committedRows(shard:)`, for several shards in one query.
    ///
    /// - Returns: row counts by shard; shards without results are left out.
    /// - Throws: `LedgerError` of kind corrupt where a result's row is not what was written.
    package func committedRows(shards: [Int64]) throws -> [Int64: Int64] {
        if shards.isEmpty { return [:] }
        var rows: [Int64: Int64] = [:]
        try forEachResult(sql: "WHERE r.shard IN (\(shards.map(String.init).joined(separator: ",")))", []) {
            rows[$0.shard] = max(rows[$0.shard] ?? 0, $0.firstRow + $0.rowCount)
        }
        return rows
    }

    /// How many results of the manifest's clips are in shards that are not sealed yet.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func unsealedResults() throws -> Int {
        try read { database in
            let open = try Self.fetchShards(database, "WHERE h.sealed = 0", []).map { String($0.id) }
            if open.isEmpty { return 0 }
            return try Int.fetchOne(
                database,
                sql: """
                    SELECT count(*) FROM results r CROSS JOIN clips c ON c.id = r.clip
                    WHERE r.shard IN (\(open.joined(separator: ","))) AND c.position IS NOT NULL
                    """) ?? 0
        }
    }

    static func put(_ database: Database, _ record: ShardRecord) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO shards VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            arguments: [
                record.id, record.path, record.stage, record.kind, record.dtype, record.columns, record.rows,
                record.bytes, record.digest, record.isSealed, record.check,
            ])
    }

    static func fetchShards(
        _ database: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [ShardRecord] {
        try Row.fetchAll(
            database, sql: "SELECT \(ShardRecord.list("h")) FROM shards h \(condition)", arguments: arguments
        ).map { try ShardRecord.read($0) }
    }
}
