import Foundation
import GRDB

extension Ledger {
    /// Saves what can be read of a ledger whose pages are damaged: its rows are copied, from both ends of each table up to
    /// the damage, into a new file, which takes the old one's place. What is lost is pending again.
    ///
    /// The caller holds the cache's lock and has no other connection open.
    /// - Throws: `LedgerError` where not even the tables' names can be read.
    package static func salvage(path: String) throws {
        let target = path + ".salvaged"
        for ending in ["", "-wal", "-shm"] { unlink(target + ending) }
        do {
            let old = try Ledger.reading(path: path)
            let new = try Ledger(path: target)
            try old.read { source in
                try new.write { copy in
                    // The migrator's own row is there already.
                    for table in LedgerSchema.names { try Self.copy(table, from: source, to: copy) }
                }
            }
            try new.close()
            try old.close()
        } catch {
            for ending in ["", "-wal", "-shm"] { unlink(target + ending) }
            throw error
        }
        // A log that is left beside a file it does not belong to would be played into it, so it goes first.
        for ending in ["-wal", "-shm"] where unlink(path + ending) != 0 && errno != ENOENT {
            throw LedgerError(.inputOutput, path: path + ending, "cannot remove: " + String(cString: strerror(errno)))
        }
        guard rename(target, path) == 0 else {
            throw LedgerError(.inputOutput, path: target, "cannot rename: " + String(cString: strerror(errno)))
        }
    }

    private static func copy(_ table: (name: String, key: String), from source: Database, to copy: Database) throws {
        for order in ["", " ORDER BY " + table.key.split(separator: ",").map { $0 + " DESC" }.joined(separator: ",")] {
            do {
                let rows = try Row.fetchCursor(source, sql: "SELECT * FROM \(table.name)\(order)")
                while let row = try rows.next() {
                    let values = Array(row.databaseValues)
                    let marks = values.map { _ in "?" }.joined(separator: ",")
                    let insert = try copy.cachedStatement(sql: "INSERT OR IGNORE INTO \(table.name) VALUES(\(marks))")
                    insert.setUncheckedArguments(StatementArguments(values))
                    // A row of impossible values is one that is lost.
                    try? insert.execute()
                }
                return
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                continue
            }
        }
    }
}
