import Foundation
import GRDB

extension Ledger {
    /// Checks the file's structure and every row.
    ///
    /// - Returns: problems that SQLite itself reports, and the rows that do not match their checks.
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func verifyRows() throws -> (structure: [String], rows: [RowDamage]) {
        try read { database in
            let structure = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            var damaged: [RowDamage] = []
            for table in LedgerTable.all {
                let count = table.columns.count
                let keys = table.columns.prefix(table.keyLength)
                let bytes = keys.map { "CAST(\($0) AS BLOB)" }
                // The keys' bytes, which only a damaged row needs, double the time.
                if try isWhole(table, database) { continue }
                let rows = try Row.fetchCursor(
                    database,
                    sql: "SELECT \((table.columns + bytes).joined(separator: ", ")) FROM \(table.name)")
                while let row = try rows.next() {
                    if table.isSound(row) { continue }
                    let stage = table.name == "stages" ? "id" : "stage"
                    damaged.append(
                        RowDamage(
                            table: table.name, key: keys.indices.map { row.value($0).shown }.joined(separator: ", "),
                            clip: keys.firstIndex(of: table.name == "clips" ? "id" : "clip")
                                .flatMap(row.number(orNil:)),
                            stage: keys.firstIndex(of: stage).flatMap(row.number(orNil:)), reason: RowDamage.unsound,
                            keyBytes: (count..<count + keys.count).map(row.value)))
                }
            }
            return (structure, damaged)
        }
    }

    private func isWhole(_ table: LedgerTable, _ database: Database) throws -> Bool {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT \(table.columns.joined(separator: ", ")) FROM \(table.name)")
        while let row = try rows.next() { if !table.isSound(row) { return false } }
        return true
    }

    /// Rows that are valid by themselves but not together: those of a clip, stage or shard that the ledger does not have, and
    /// results that share rows of a shard.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func strayRows() throws -> [RowDamage] {
        try read { database in
            var found: [RowDamage] = []
            func add(_ table: String, _ key: [Int64], _ clip: Int64?, _ stage: Int64?, _ reason: String) {
                found.append(
                    RowDamage(
                        table: table, key: key.map(String.init).joined(separator: ", "), clip: clip, stage: stage,
                        reason: reason, keyBytes: key.map { Data(String($0).utf8).databaseValue }))
            }
            let parents = [("clip", "clips"), ("stage", "stages"), ("shard", "shards")]
            for (column, parent) in parents {
                let rows = try Row.fetchCursor(
                    database,
                    sql: "SELECT clip, stage, \(column) FROM results WHERE \(column) NOT IN (SELECT id FROM \(parent))")
                while let row = try rows.next() {
                    let (clip, stage) = (try row.number(0), try row.number(1))
                    add(
                        "results", [clip, stage], clip, stage,
                        "names \(column) \(try row.number(2)), which is not there")
                }
            }
            for table in ["sources", "deaths"] {
                let clips = try Int64.fetchAll(
                    database, sql: "SELECT clip FROM \(table) WHERE clip NOT IN (SELECT id FROM clips)")
                for clip in clips { add(table, [clip], clip, nil, "names clip \(clip), which is not there") }
            }
            let stages = try Int64.fetchAll(
                database, sql: "SELECT stage FROM front_ends WHERE stage NOT IN (SELECT id FROM stages)")
            for stage in stages { add("front_ends", [stage], nil, stage, "names stage \(stage), which is not there") }
            let failures = try Row.fetchAll(
                database,
                sql: """
                    SELECT clip, CAST(clip AS BLOB), CAST(target AS BLOB) FROM failures
                    WHERE clip NOT IN (SELECT id FROM clips)
                    """)
            for row in failures {
                let clip = try row.number(0)
                found.append(
                    RowDamage(
                        table: "failures", key: String(clip), clip: clip, stage: nil,
                        reason: "names clip \(clip), which is not there", keyBytes: [row[1], row[2]]))
            }
            let known = Set(found.filter { $0.table == "results" }.map(\.key))
            var last: (record: ResultRecord, end: Int64)?
            let results = try Row.fetchCursor(
                database, sql: "SELECT \(ResultRecord.list("r")) FROM results r ORDER BY r.shard, r.first_row")
            while let row = try results.next() {
                // `verifyRows` reports a row that does not match its check.
                guard let record = ResultRecord(checked: row, from: 0), record.rowCount > 0,
                    !known.contains("\(record.clip), \(record.stage)")
                else { continue }
                if let last, last.record.shard == record.shard, record.firstRow < last.end,
                    !record.isShared(with: last.record)
                {
                    for one in [last.record, record] {
                        add(
                            "results", [one.clip, one.stage], one.clip, one.stage,
                            "shares rows of shard \(one.shard) with another clip's")
                    }
                }
                last = (
                    record,
                    max(record.firstRow &+ record.rowCount, last?.record.shard == record.shard ? last?.end ?? 0 : 0)
                )
            }
            return found
        }
    }

    /// Removes damaged rows and everything that depends on them, so that the next run redoes only that.
    ///
    /// A damaged clip row keeps its name, and the next run restores it from the manifest. Removing a stage's row also removes
    /// its results.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func repair(_ rows: [RowDamage]) throws {
        try write { database in
            for row in rows {
                guard let table = LedgerTable.all.first(where: { $0.name == row.table }) else { continue }
                let key = StatementArguments(row.keyBytes)
                let isRow = table.columns.prefix(table.keyLength).map { "CAST(\($0) AS BLOB) IS ?" }
                    .joined(separator: " AND ")
                if row.table == "clips" {
                    // The next run must read the manifest again, whatever the ledger has stored about it.
                    try database.execute(sql: "DELETE FROM meta WHERE key IN ('manifest', 'clips')")
                    let name = try Row.fetchOne(database, sql: "SELECT name FROM clips WHERE \(isRow)", arguments: key)?
                        .text(orNil: 0)
                    if let name {
                        try database.execute(
                            sql:
                                "UPDATE clips SET path = '', position = NULL, part = NULL, metadata = NULL, row_check = ? WHERE \(isRow)",
                            arguments: [ClipRecord.check(.init(name, ""), nil)] + key)
                        continue
                    }
                }
                // Rows whose front-end is no longer known are useless, and would be taken for YAMNet's.
                let children = ["sources": "clip", "shards": "shard", "stages": "stage", "front_ends": "stage"]
                if let child = children[row.table] {
                    try database.execute(
                        sql: "DELETE FROM results WHERE CAST(\(child) AS BLOB) IS ?", arguments: key)
                }
                if row.table == "stages" {
                    try database.execute(sql: "DELETE FROM front_ends WHERE CAST(stage AS BLOB) IS ?", arguments: key)
                }
                try database.execute(sql: "DELETE FROM \(table.name) WHERE \(isRow)", arguments: key)
            }
            // Shards without results are removed with their files; a shard number is never reused.
            if !rows.isEmpty { try Self.raiseShardNumber(database) }
        }
    }
}
