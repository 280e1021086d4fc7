import GRDB

extension Ledger {
    /// Every failure of the manifest's clips, of one pipeline or of all, in clip order.
    package func failures(target: String? = nil) throws -> [FailureRecord] {
        try read { database in
            let condition = target == nil ? "" : "AND t.target = ?"
            let rows = try CheckedTable.failures.rows(
                database,
                "JOIN clips c ON c.id = t.clip WHERE c.position IS NOT NULL \(condition) ORDER BY c.position",
                target.map { [$0] } ?? [])
            return try rows.map {
                try FailureRecord(
                    clip: $0.number(0), target: $0.text(1), failureClass: $0.text(2), reason: $0.text(3),
                    offset: $0.optionalNumber(4), size: $0.optionalNumber(5), modified: $0.optionalNumber(6),
                    attempts: $0.number(7))
            }
        }
    }

    /// Forgets every failure, so that the next run tries those clips again.
    ///
    /// - Returns: how many clips that are.
    package func forgetFailures() throws -> Int {
        try write { database in
            try database.execute(sql: "DELETE FROM deaths")
            try database.execute(sql: "DELETE FROM failures")
            return database.changesCount
        }
    }
}
