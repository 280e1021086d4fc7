import GRDB

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
                guard let name = Self.text(row[1]), let path = Self.text(row[2]),
                    ClipRecord.check(name, path, Int64.fromDatabaseValue(row[3])) == Int64.fromDatabaseValue(row[4])
                else {
                    damaged.append(Self.damage("clips", [row[0]], clip: 0))
                    continue
                }
            }
            try verifySources(database, &damaged)
            try verifyResults(database, &damaged)
            try verifyShards(database, &damaged)
            for table in CheckedTable.all { damaged += try table.damaged(database) }
            return (structure, damaged)
        }
    }

    private func verifySources(_ database: Database, _ damaged: inout [RowDamage]) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT clip, size, modified, content, row_check FROM sources")
        while let row = try rows.next() {
            guard let clip = Int64.fromDatabaseValue(row[0]), let size = Int64.fromDatabaseValue(row[1]),
                let modified = Int64.fromDatabaseValue(row[2]), let content = Self.text(row[3]),
                SourceRecord(clip: clip, size: size, modified: modified, content: content).check
                    == Int64.fromDatabaseValue(row[4])
            else {
                damaged.append(Self.damage("sources", [row[0]], clip: 0))
                continue
            }
        }
    }

    private func verifyResults(_ database: Database, _ damaged: inout [RowDamage]) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT clip, stage, content, shard, first_row, row_count, digest, row_check FROM results")
        while let row = try rows.next() {
            let numbers = [0, 1, 3, 4, 5].compactMap { Int64.fromDatabaseValue(row[$0]) }
            guard numbers.count == 5, let content = Self.text(row[2]), let digest = Self.text(row[6]),
                ResultRecord(
                    clip: numbers[0], stage: numbers[1], content: content, shard: numbers[2], firstRow: numbers[3],
                    rowCount: numbers[4], digest: digest
                ).check == Int64.fromDatabaseValue(row[7])
            else {
                damaged.append(Self.damage("results", [row[0], row[1]], clip: 0, stage: 1))
                continue
            }
        }
    }

    private func verifyShards(_ database: Database, _ damaged: inout [RowDamage]) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, stage, columns, rows, bytes, sealed, path, kind, dtype, digest, row_check FROM shards
                """)
        while let row = try rows.next() {
            let numbers = (0..<6).compactMap { Int64.fromDatabaseValue(row[$0]) }
            let texts = (6..<9).compactMap { Self.text(row[$0]) }
            let digest = Self.text(row[9])
            guard numbers.count == 6, texts.count == 3, digest != nil || (row[9] as DatabaseValue).isNull,
                ShardRecord(
                    id: numbers[0], path: texts[0], stage: numbers[1], kind: texts[1], dtype: texts[2],
                    columns: numbers[2], rows: numbers[3], bytes: numbers[4], digest: digest, isSealed: numbers[5] != 0
                ).check == Int64.fromDatabaseValue(row[10]), numbers[5] == 0 || numbers[5] == 1
            else {
                damaged.append(Self.damage("shards", [row[0]]))
                continue
            }
        }
    }

    /// Only what is stored as text: a flipped bit can make bytes of it that read as the same text.
    private static func text(_ value: DatabaseValue) -> String? {
        if case .string(let text) = value.storage { text } else { nil }
    }

    private static func damage(
        _ table: String, _ key: [DatabaseValue], clip: Int? = nil, stage: Int? = nil
    ) -> RowDamage {
        RowDamage(
            table: table, key: key.map { "\($0)" }.joined(separator: ", "),
            clip: clip.flatMap { Int64.fromDatabaseValue(key[$0]) },
            stage: stage.flatMap { Int64.fromDatabaseValue(key[$0]) }, keyValues: key)
    }

    /// Takes damaged rows out, and with them what can no longer be trusted, so that the next run makes just that anew.
    ///
    /// A damaged clip row is made anew out of the manifest by the next run; a stage's takes its results with it.
    package func repair(_ rows: [RowDamage]) throws {
        try write { database in
            for row in rows {
                let key = StatementArguments(row.keyValues)
                switch row.table {
                case "clips":
                    // The next run reads the manifest again, whatever it remembers of it.
                    try database.execute(sql: "DELETE FROM meta WHERE key = 'manifest'")
                case "sources":
                    try database.execute(sql: "DELETE FROM sources WHERE clip = ?", arguments: key)
                    try database.execute(sql: "DELETE FROM results WHERE clip = ?", arguments: key)
                case "results":
                    try database.execute(sql: "DELETE FROM results WHERE clip = ? AND stage = ?", arguments: key)
                case "shards":
                    try database.execute(sql: "DELETE FROM results WHERE shard = ?", arguments: key)
                    try database.execute(sql: "DELETE FROM shards WHERE id = ?", arguments: key)
                case "stages":
                    try database.execute(sql: "DELETE FROM results WHERE stage = ?", arguments: key)
                    try database.execute(sql: "DELETE FROM stages WHERE id = ?", arguments: key)
                case "front_ends":
                    // Rows of a front-end that nobody knows any more are of no use, and would be taken for YAMNet's.
                    try database.execute(sql: "DELETE FROM results WHERE stage = ?", arguments: key)
                    try database.execute(sql: "DELETE FROM front_ends WHERE stage = ?", arguments: key)
                default:
                    guard let table = CheckedTable.all.first(where: { $0.name == row.table }) else { continue }
                    try database.execute(
                        sql: "DELETE FROM \(table.name) WHERE \(table.keyCondition)", arguments: key)
                }
            }
            // Shards of no result any more are removed with their files; a number is never given to two of them.
            let next = try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'next-shard'") ?? 1
            let highest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM shards") ?? 0
            let used = try Int64.fetchOne(database, sql: "SELECT max(shard) FROM results") ?? 0
            if !rows.isEmpty {
                try Self.setMeta(database, "next-shard", String(max(next, highest + 1, used + 1)))
            }
        }
    }
}
