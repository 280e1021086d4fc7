import Archives
import Errors
import Foundation

/// An error in one audio file.
package struct AudioError: EarmarkError {
    package let failureClass: FailureClass
    /// The file's path; empty if the error is in samples rather than a file.
    package let path: String
    package let reason: String
    /// The place in sample frames, if known.
    package let offset: Int64?

    /// The system's error number if a system resource ran out, which is not the file's fault.
    package var systemCode: Int32?

    /// Whether the file was being written.
    package let isOutput: Bool

    /// The error numbers of such shortages: no file descriptors or no memory left.
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

    /// What keeps a member of an archive from being read.
    init(_ error: ArchiveError, path: String) {
        self.init(error.failureClass, path: path, error.reason)
        systemCode = error.isShortage ? error.code : nil
    }

    /// The category: a shortage if a system resource ran out; an input or output error for a file being written;
    /// otherwise bad input, or internal.
    package var category: ErrorCategory {
        if systemCode != nil { return .shortage }
        if isOutput { return .inputOutput }
        return failureClass == .internal ? .internal : .badInput
    }

    package var place: ErrorPlace? { path.isEmpty ? nil : ErrorPlace(path) }
    package var message: String { reason }
}

/// How to handle a file that ends before the place that its header states.
package enum Truncation: Sendable { case fail, accept }

/// How to handle samples that are NaN or infinite. A file with no other samples fails either way.
package enum NonFinite: Sendable { case fail, zero }
