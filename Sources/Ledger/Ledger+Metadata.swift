import GRDB

extension Ledger {
    /// Whether the manifest of the last run says more of any clip than name, path and labels.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func hasMetadata() throws -> Bool {
        try read { database in
            let sql = "SELECT 1 FROM clips WHERE metadata IS NOT NULL AND position IS NOT NULL LIMIT 1"
            return try Int.fetchOne(database, sql: sql) != nil
        }
    }
}
