/// Where a clip's rows of one stage lie.
package struct ResultRecord: Sendable, Equatable {
    package let clip: Int64
    package let stage: Int64
    /// Digest of the file they were made of.
    package let content: String
    /// Id of the shard that the rows lie in.
    package let shard: Int64
    /// Row of the shard that is the clip's first.
    package let firstRow: Int64
    /// Rows of the clip.
    package let rowCount: Int64
    /// Digest of the rows' bytes.
    package let digest: String
    /// Samples of the clip before padding, at the pipeline's rate: of these the chunks of any overlap can be counted.
    /// nil in rows of before this was kept.
    package let samples: Int64?

    package init(
        clip: Int64, stage: Int64, content: String, shard: Int64, firstRow: Int64, rowCount: Int64, digest: String,
        samples: Int64? = nil
    ) {
        self.clip = clip
        self.stage = stage
        self.content = content
        self.shard = shard
        self.firstRow = firstRow
        self.rowCount = rowCount
        self.digest = digest
        self.samples = samples
    }

    var check: Int64 {
        var check = RowCheck()
        for number in [clip, stage, shard, firstRow, rowCount] { check.add(number) }
        check.add(content)
        check.add(digest)
        if let samples { check.add(samples) }
        return check.value
    }
}
