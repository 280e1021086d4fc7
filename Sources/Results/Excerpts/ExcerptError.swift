import Errors

/// Why a stretch of a recording cannot be shown or played.
package struct ExcerptError: EarmarkError, Equatable {
    /// What is wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// The recording's file is no longer there.
        case gone
        /// The file is not the one that was read into the cache.
        case changed
        /// The file cannot be decoded, or not up to the end of the stretch.
        case undecodable
        /// Rows of the cache are not what was written.
        case damaged
        /// The clip has no scores, or the cache does not say of what file.
        case unscored
        /// The model has no such class.
        case unknownClass
        /// The stretch is empty, or beyond the recording's end.
        case emptyWindow
        /// The stretch is longer than can be shown or played at once.
        case tooLong
        /// libpng did not make the picture.
        case undrawable
    }

    package let kind: Kind
    /// The recording; for damaged rows, their shard.
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
