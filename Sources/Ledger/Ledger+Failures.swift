import Errors
import GRDB

extension Ledger {
    /// Every failure of the manifest's clips, under one identity or under all of them, in clip order.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func failures(target: String? = nil) throws -> [FailureRecord] {
        try failures(condition: target == nil ? "" : "AND t.target = ?", target.map { [$0] } ?? [])
    }

    /// The failures under any of several identities; a clip may have more than one.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func failures(targets: [String]) throws -> [FailureRecord] {
        try failures(condition: "AND t.target IN (\(Self.marks(targets)))", StatementArguments(targets))
    }

    /// - Parameter condition: an SQL condition on failures `t` and clips `c`.
    func failures(condition: String, _ arguments: StatementArguments) throws -> [FailureRecord] {
        try read { database in
            let rows = try CheckedTable.failures.rows(
                database,
                "JOIN clips c ON c.id = t.clip WHERE c.position IS NOT NULL \(condition) ORDER BY c.position, t.target",
                arguments)
            return try rows.map {
                try FailureRecord(
                    clip: $0.number(0), target: $0.text(1), failureClass: FailureClass(rawValue: $0.text(2)),
                    reason: $0.text(3),
                    offset: $0.optionalNumber(4), size: $0.optionalNumber(5), modified: $0.optionalNumber(6),
                    attempts: $0.number(7))
            }
        }
    }

    /// Deletes every failure, so that the next run tries those clips again.
    ///
    /// - Returns: how many clips had failures.
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func forgetFailures() throws -> Int {
        try write { database in
            try database.execute(sql: "DELETE FROM deaths")
            let clips = try Int.fetchOne(database, sql: "SELECT count(DISTINCT clip) FROM failures") ?? 0
            try database.execute(sql: "DELETE FROM failures")
            return clips
        }
    }
}
