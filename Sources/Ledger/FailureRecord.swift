/// Why a clip could not be done by a pipeline.
package struct FailureRecord: Sendable, Equatable {
    package let clip: Int64
    /// What the failure is tied to: the stage that failed with what could have made it succeed, as a fingerprint.
    package let target: String
    /// Name of the failure's class, as `FailureClass` has them.
    package let failureClass: String
    package let reason: String
    /// In sample frames, where known.
    package let offset: Int64?
    /// The file's size and modification time at the time; nil where it was not there.
    package let size: Int64?
    package let modified: Int64?
    /// How often it was tried.
    package var attempts: Int64

    package init(
        clip: Int64, target: String, failureClass: String, reason: String, offset: Int64?, size: Int64?,
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
