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
    /// The key's bytes, by which the row is deleted: a text that is no longer valid UTF-8 does not equal any text that
    /// a query could ask for.
    let keyBytes: [DatabaseValue]

    static let unsound = "is not what was written"
}
