import GRDB

/// Accessors for a row whose bytes may be damaged. GRDB's own subscripts crash the process if a value has the wrong
/// type.
extension Row {
    /// The whole number in a column.
    ///
    /// - Throws: `LedgerError` of kind corrupt if the column does not hold one.
    func number(_ index: Int) throws -> Int64 {
        guard let value = Int64.fromDatabaseValue(self[index]) else { throw damage(index, "a whole number") }
        return value
    }

    /// The text in a column.
    ///
    /// - Throws: `LedgerError` of kind corrupt if the column does not hold one.
    func text(_ index: Int) throws -> String {
        guard let value = String.fromDatabaseValue(self[index]) else { throw damage(index, "a text") }
        return value
    }

    func optionalNumber(_ index: Int) throws -> Int64? { hasNull(atIndex: index) ? nil : try number(index) }
    func optionalText(_ index: Int) throws -> String? { hasNull(atIndex: index) ? nil : try text(index) }

    func real(_ index: Int) throws -> Double {
        guard let value = Double.fromDatabaseValue(self[index]) else { throw damage(index, "a number") }
        return value
    }

    private func damage(_ index: Int, _ expected: String) -> LedgerError {
        let column = columnNames[columnNames.index(columnNames.startIndex, offsetBy: index)]
        let found: DatabaseValue = self[index]
        return LedgerError(.corrupt, path: "", "column \(column) holds \(found), expected \(expected)")
    }
}
