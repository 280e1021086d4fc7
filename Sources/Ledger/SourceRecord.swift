/// What a clip's file was when it was last read.
package struct SourceRecord: Sendable, Equatable {
    package let clip: Int64
    /// Bytes.
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modified: Int64
    /// Digest of the file's bytes.
    package let content: String

    package init(clip: Int64, size: Int64, modified: Int64, content: String) {
        self.clip = clip
        self.size = size
        self.modified = modified
        self.content = content
    }

    var check: Int64 {
        var check = RowCheck()
        check.add(clip)
        check.add(size)
        check.add(modified)
        check.add(content)
        return check.value
    }
}
