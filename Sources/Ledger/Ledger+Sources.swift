import GRDB

extension Ledger {
    /// A clip of the manifest by name, and what is known of its file from when it was last read. nil if the manifest has no
    /// such clip; the record is nil if the file was never read.
    ///
    /// - Throws: `LedgerError` of kind corrupt where a row is not what was written.
    package func clip(named name: String) throws -> (clip: ClipRecord, source: SourceRecord?)? {
        try read { database in
            let found = try Row.fetchOne(
                database,
                sql: "SELECT \(KnownClip.list("c")) FROM clips c WHERE c.name = ? AND c.position IS NOT NULL",
                arguments: [name])
            guard let found else { return nil }
            let clip = try KnownClip.read(found).placed
            let source = try Row.fetchOne(
                database, sql: "SELECT \(SourceRecord.list("s")) FROM sources s WHERE s.clip = ?", arguments: [clip.id])
            return (clip, try source.map { try SourceRecord.read($0) })
        }
    }
}
