import GRDB

/// A ledger row whose fields do not fit its check.
package struct RowDamage: Sendable, Equatable {
    package let table: String
    /// The row's key, for messages.
    package let key: String
    package let clip: Int64?
    package let stage: Int64?
}

extension Ledger {
    /// Checks the file's structure and every row.
    ///
    /// - Returns: SQLite's own complaints, and the rows that do not fit their checks.
    package func verifyRows() throws -> (structure: [String], rows: [RowDamage]) {
        try read { database in
            let structure = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            var damaged: [RowDamage] = []
            let clips = try Row.fetchCursor(database, sql: "SELECT id, name, path, position, row_check FROM clips")
            while let row = try clips.next() {
                if ClipRecord.check(row[1], row[2], row[3]) != row[4] as Int64 {
                    damaged.append(RowDamage(table: "clips", key: "\(row[0] as Int64)", clip: row[0], stage: nil))
                }
            }
            try verifySources(database, &damaged)
            try verifyResults(database, &damaged)
            for shard in try Self.fetchShards(database, "ORDER BY id", []) {
                let check = try Int64.fetchOne(
                    database, sql: "SELECT row_check FROM shards WHERE id = ?", arguments: [shard.id])
                if check != shard.check {
                    damaged.append(RowDamage(table: "shards", key: shard.path, clip: nil, stage: nil))
                }
            }
            return (structure, damaged)
        }
    }

    private func verifySources(_ database: Database, _ damaged: inout [RowDamage]) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT clip, size, modified, content, row_check FROM sources")
        while let row = try rows.next() {
            let record = SourceRecord(clip: row[0], size: row[1], modified: row[2], content: row[3])
            if record.check != row[4] as Int64 {
                damaged.append(RowDamage(table: "sources", key: "\(record.clip)", clip: record.clip, stage: nil))
            }
        }
    }

    private func verifyResults(_ database: Database, _ damaged: inout [RowDamage]) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT clip, stage, content, shard, first_row, row_count, digest, row_check FROM results")
        while let row = try rows.next() {
            let record = ResultRecord(
                clip: row[0], stage: row[1], content: row[2], shard: row[3], firstRow: row[4], rowCount: row[5],
                digest: row[6])
            if record.check != row[7] as Int64 {
                damaged.append(
                    RowDamage(
                        table: "results", key: "\(record.clip), \(record.stage)", clip: record.clip,
                        stage: record.stage))
            }
        }
    }
}
