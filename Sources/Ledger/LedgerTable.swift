import GRDB

/// A table of the ledger, large or small, as needed to check or salvage its rows.
struct LedgerTable: Sendable {
    let name: String
    /// Key, fields and check, in the order in which they are selected.
    let columns: [String]
    /// How many of the leading columns form the key.
    let keyLength: Int
    /// Whether a row with these columns matches its check.
    let isSound: @Sendable (any RowValues) -> Bool

    private init<Record: CheckedRecord>(
        _ record: Record.Type, isSound: @escaping @Sendable (any RowValues) -> Bool
    ) {
        name = Record.table
        columns = Record.columns
        keyLength = Record.keyLength
        self.isSound = isSound
    }

    private init(_ table: CheckedTable) {
        name = table.name
        columns = table.columns + ["row_check"]
        keyLength = table.key.count
        isSound = { table.isSound($0) }
    }

    static let all =
        [
            LedgerTable(KnownClip.self) { KnownClip(checked: $0, from: 0) != nil },
            LedgerTable(SourceRecord.self) { SourceRecord(checked: $0, from: 0) != nil },
            LedgerTable(ResultRecord.self) { ResultRecord(checked: $0, from: 0) != nil },
            LedgerTable(ShardRecord.self) { ShardRecord(checked: $0, from: 0) != nil },
        ] + CheckedTable.all.map { LedgerTable($0) }
}
