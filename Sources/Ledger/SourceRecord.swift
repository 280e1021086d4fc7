/// What is known about a clip's file from when it was last read.
package struct SourceRecord: Sendable, Equatable {
    package let clip: Int64
    /// Size in bytes.
    package let size: Int64
    /// Modification time in nanoseconds since 1970.
    package let modified: Int64
    /// Digest of the file's bytes.
    package let content: String
    /// Number of sample frames decoded, and their rate in Hz; nil in rows from before these were recorded.
    package let frames: Int64?
    package let rate: Int64?

    /// The recording's length in seconds; nil if unknown.
    package var seconds: Double? {
        guard let frames, let rate, rate > 0 else { return nil }
        return Double(frames) / Double(rate)
    }

    package init(
        clip: Int64, size: Int64, modified: Int64, content: String, frames: Int64? = nil, rate: Int64? = nil
    ) {
        self.clip = clip
        self.size = size
        self.modified = modified
        self.content = content
        self.frames = frames
        self.rate = rate
    }

    var check: Int64 {
        var check = RowCheck()
        check.add(clip)
        check.add(size)
        check.add(modified)
        check.add(content)
        if frames != nil || rate != nil {
            check.add(frames)
            check.add(rate)
        }
        return check.value
    }
}
