import Errors

/// Why a pipeline could not process a clip.
package struct FailureRecord: Sendable, Equatable {
    package let clip: Int64
    /// What the failure depends on: a fingerprint of the failed stage and of everything that could have made it succeed.
    package let target: String
    package let failureClass: FailureClass
    package let reason: String
    /// In sample frames, where known.
    package let offset: Int64?
    /// The file's size and modification time when it failed; nil if the file was missing.
    package let size: Int64?
    package let modified: Int64?
    /// How many times it was tried.
    package var attempts: Int64

    package init(
        clip: Int64, target: String, failureClass: FailureClass, reason: String, offset: Int64?, size: Int64?,
        modified: Int64?, attempts: Int64 = 1
    ) {
        self.clip = clip
        self.target = target
        self.failureClass = failureClass
        self.reason = reason
        self.offset = offset
        self.size = size
        self.modified = modified
        self.attempts = attempts
    }
}
