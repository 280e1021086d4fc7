/// Why one clip could not be done. It stops that clip and no other.
package struct ClipFailure: Error, Sendable, Equatable {
    /// unreadable, unsupported, empty, truncated, changed, internal ...
    package let failureClass: String
    package let reason: String
    /// Where in the file, in sample frames, where known.
    package let offset: Int64?

    package init(failureClass: String, reason: String, offset: Int64? = nil) {
        self.failureClass = failureClass
        self.reason = reason
        self.offset = offset
    }
}
