import GRDB

/// A table of the ledger as one that checks or saves its rows sees it, large or small.
struct LedgerTable: Sendable {
    let name: String
    /// Key, fields and check, in the order in which a row is asked for.
    let columns: [String]
    /// How many columns from the first are the key.
    let keyLength: Int
    /// Whether a row of these columns fits its check.
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
