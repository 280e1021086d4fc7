import Foundation

/// Why a file could not be heard, in classes that a report can count.
package enum FailureClass: String, Sendable, CaseIterable {
    case unreadable, unsupported, empty, truncated, invalid, changed, `internal`
}

/// A fault of one audio file.
package struct AudioError: Error, CustomStringConvertible, Sendable {
    package let failureClass: FailureClass
    package let path: String
    package let reason: String
    /// In sample frames, where known.
    package let offset: Int64?

    /// The system's error number where the system ran out of something, which is no fault of the file.
    package var systemCode: Int32?

    /// Error numbers that say so: no file descriptors or no memory left.
    package static let shortages = [EMFILE, ENFILE, ENOMEM]

    package init(_ failureClass: FailureClass, path: String, _ reason: String, offset: Int64? = nil) {
        self.failureClass = failureClass
        self.path = path
        self.reason = reason
        self.offset = offset
    }

    package var description: String { "\(path): \(reason)" }
}

/// What becomes of a file that ends before its header says.
package enum Truncation: Sendable { case fail, accept }

/// What becomes of samples that are NaN or infinite. A file that holds nothing else fails either way.
package enum NonFinite: Sendable { case fail, zero }
