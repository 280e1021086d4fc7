/// A fault of the ledger's file.
package struct LedgerError: Error, CustomStringConvertible, Sendable {
    /// What kind of fault it is, which decides the exit status.
    package enum Kind: Sendable { case corrupt, busy, outOfSpace, inputOutput }

    package let kind: Kind
    package let path: String
    package let message: String

    /// - Parameter path: of the ledger's file.
    package init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
