import Errors

/// A problem with the ledger's file.
package struct LedgerError: EarmarkError {
    /// What is wrong.
    package enum Kind: Sendable, CaseIterable { case corrupt, busy, outOfSpace, outOfMemory, inputOutput }

    package let kind: Kind
    package let path: String
    package let message: String
    /// The system's error number if a system call failed; nil for an error of SQLite, which describes it in `message`.
    package let code: Int32?

    package init(_ kind: Kind, path: String, _ message: String, code: Int32? = nil) {
        self.kind = kind
        self.path = path
        self.message = message
        self.code = code
    }

    /// Describes a failed system call, whose kind follows from `code`.
    package init(path: String, _ message: String, code: Int32) {
        let kind: Kind =
            SystemReason.isOutOfSpace(code)
            ? .outOfSpace : SystemReason.isShortage(code) ? .outOfMemory : .inputOutput
        self.init(kind, path: path, message, code: code)
    }

    /// The category that the kind belongs to.
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
