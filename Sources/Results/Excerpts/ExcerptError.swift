import Errors

/// An error that says why a stretch of a recording cannot be shown or played.
package struct ExcerptError: EarmarkError, Equatable {
    /// What is wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// The recording's file no longer exists.
        case gone
        /// The file differs from the one that was read into the cache.
        case changed
        /// The file cannot be decoded up to the end of the stretch.
        case undecodable
        /// Rows in the cache differ from what was written.
        case damaged
        /// The clip has no scores, or the cache does not say which file they belong to.
        case unscored
        /// The model has no such class.
        case unknownClass
        /// The stretch is empty, or beyond the recording's end.
        case emptyWindow
        /// The stretch is longer than can be shown or played at once.
        case tooLong
        /// libpng failed to make the picture.
        case undrawable
    }

    package let kind: Kind
    /// The recording's path; for damaged rows, the path of their shard.
    package let path: String
    /// A short text for a page: "gone", "changed since it was read", "cannot be decoded: ...".
    package let reason: String

    package init(_ kind: Kind, path: String, _ reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    package var category: ErrorCategory { .badInput }
    package var place: ErrorPlace? { ErrorPlace(path) }
    package var message: String { reason }
}
