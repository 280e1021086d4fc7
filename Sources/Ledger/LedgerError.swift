import Errors

/// A fault of the ledger's file.
package struct LedgerError: EarmarkError {
    /// What is wrong.
    package enum Kind: Sendable, CaseIterable { case corrupt, busy, outOfSpace, outOfMemory, inputOutput }

    package let kind: Kind
    package let path: String
    package let message: String
    /// The system's error number where a system call failed; SQLite has words of its own.
    package let code: Int32?

    package init(_ kind: Kind, path: String, _ message: String, code: Int32? = nil) {
        self.kind = kind
        self.path = path
        self.message = message
        self.code = code
    }

    /// A system call that failed: `code` says of which kind it is.
    package init(path: String, _ message: String, code: Int32) {
        let kind: Kind =
            SystemReason.isOutOfSpace(code)
            ? .outOfSpace : SystemReason.isShortage(code) ? .outOfMemory : .inputOutput
        self.init(kind, path: path, message, code: code)
    }

    /// As the kind says.
    package var category: ErrorCategory {
        switch kind {
        case .corrupt: .badInput
        case .busy: .busy
        case .outOfSpace, .outOfMemory: .shortage
        case .inputOutput: .inputOutput
        }
    }

    package var place: ErrorPlace? { path.isEmpty ? nil : ErrorPlace(path) }
}
