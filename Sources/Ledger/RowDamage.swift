import GRDB

/// A ledger row that cannot be trusted.
package struct RowDamage: Sendable, Equatable {
    /// Name of the table.
    package let table: String
    /// The row's key, for messages.
    package let key: String
    package let clip: Int64?
    package let stage: Int64?
    /// What is wrong with it.
    package let reason: String
    /// The key's bytes, to take the row out by: a text that is no longer UTF-8 equals no text that could be asked for.
    let keyBytes: [DatabaseValue]

    static let unsound = "is not what was written"
}
