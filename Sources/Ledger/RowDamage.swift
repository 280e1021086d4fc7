import GRDB

/// A ledger row whose fields do not fit its check.
package struct RowDamage: Sendable, Equatable {
    package let table: String
    /// The row's key, for messages.
    package let key: String
    package let clip: Int64?
    package let stage: Int64?
    /// The key as SQLite has it, to take the row out by.
    let keyValues: [DatabaseValue]
}
