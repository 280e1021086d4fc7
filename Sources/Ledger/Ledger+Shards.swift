import GRDB

extension Ledger {
    /// Registers a shard before its file is made.
    ///
    /// - Parameter path: makes the relative path of the id it gets.
    package func addShard(
        stage: Int64, kind: String, dtype: String, columns: Int, path: (Int64) -> String
    ) throws -> ShardRecord {
        try write { database in
            let next = try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'next-shard'") ?? 1
            try Self.setMeta(database, "next-shard", String(next + 1))
            let record = ShardRecord(
                id: next, path: path(next), stage: stage, kind: kind, dtype: dtype, columns: Int64(columns))
            try Self.put(database, record)
            return record
        }
    }

    /// Records that a shard has its final name, rows and digest.
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

    package func removeShard(id: Int64) throws {
        try write { try $0.execute(sql: "DELETE FROM shards WHERE id = ?", arguments: [id]) }
    }

    package func shards() throws -> [ShardRecord] { try read { try Self.fetchShards($0, "ORDER BY id", []) } }

    package func shard(id: Int64) throws -> ShardRecord? {
        try read { try Self.fetchShards($0, "WHERE id = ?", [id]).first }
    }

    /// How many rows of a shard results refer to: what lies behind them does not count.
    package func committedRows(shard: Int64) throws -> Int {
        try read {
            try Int.fetchOne(
                $0, sql: "SELECT max(first_row + row_count) FROM results WHERE shard = ?", arguments: [shard]) ?? 0
        }
    }

    private static func put(_ database: Database, _ record: ShardRecord) throws {
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
            database,
            sql: """
                SELECT id, path, stage, kind, dtype, columns, rows, bytes, digest, sealed FROM shards \(condition)
                """, arguments: arguments
        ).map {
            try ShardRecord(
                id: $0.number(0), path: $0.text(1), stage: $0.number(2), kind: $0.text(3), dtype: $0.text(4),
                columns: $0.number(5), rows: $0.number(6), bytes: $0.number(7), digest: $0.optionalText(8),
                isSealed: $0.number(9) != 0)
        }
    }
}
