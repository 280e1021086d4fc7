import GRDB

extension Ledger {
    /// The rows that a stage has for one clip of the manifest, made from its file as it was last read; nil if it has none.
    ///
    /// - Throws: `LedgerError` of kind corrupt where a row is not what was written.
    package func currentResult(clip name: String, stage: Int64) throws -> ResultRecord? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT \(ResultRecord.list("r")), \(KnownClip.list("c")), \(SourceRecord.list("s"))
                    FROM clips c JOIN results r ON r.clip = c.id AND r.stage = ?
                        JOIN sources s ON s.clip = c.id AND s.content = r.content
                    WHERE c.name = ? AND c.position IS NOT NULL
                    """, arguments: [stage, name])
            guard let row else { return nil }
            _ = try KnownClip.read(row, from: ResultRecord.columns.count)
            _ = try SourceRecord.read(row, from: ResultRecord.columns.count + KnownClip.columns.count)
            return try ResultRecord.read(row)
        }
    }

    /// Whether the last run's manifest has a clip of this name.
    ///
    /// - Throws: `LedgerError` of kind corrupt where its row is not what was written.
    package func hasClip(named name: String) throws -> Bool {
        try read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT \(KnownClip.list("c")) FROM clips c WHERE c.name = ? AND c.position IS NOT NULL",
                arguments: [name]
            ).map { try KnownClip.read($0) } != nil
        }
    }
}
