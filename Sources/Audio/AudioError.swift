import Errors
import Foundation

/// A fault of one audio file.
package struct AudioError: EarmarkError {
    package let failureClass: FailureClass
    /// Empty where samples, and not a file, are at fault.
    package let path: String
    package let reason: String
    /// In sample frames, where known.
    package let offset: Int64?

    /// The system's error number where the system ran out of something, which is no fault of the file.
    package var systemCode: Int32?

    /// True where the file was to be written.
    package let isOutput: Bool

    /// Error numbers that say so: no file descriptors or no memory left.
    package static let shortages = [EMFILE, ENFILE, ENOMEM]

    package init(
        _ failureClass: FailureClass, path: String, _ reason: String, offset: Int64? = nil, isOutput: Bool = false
    ) {
        self.failureClass = failureClass
        self.path = path
        self.reason = reason
        self.offset = offset
        self.isOutput = isOutput
    }

    /// A shortage of the system where it had one, else bad input.
    package var category: ErrorCategory {
        if systemCode != nil { return .shortage }
        if isOutput { return .inputOutput }
        return failureClass == .internal ? .internal : .badInput
    }

    package var place: ErrorPlace? { path.isEmpty ? nil : ErrorPlace(path) }
    package var message: String { reason }
}

/// What becomes of a file that ends before its header says.
package enum Truncation: Sendable { case fail, accept }

/// What becomes of samples that are NaN or infinite. A file that holds nothing else fails either way.
package enum NonFinite: Sendable { case fail, zero }
