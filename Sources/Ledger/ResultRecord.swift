/// Where a clip's rows from one stage are stored.
package struct ResultRecord: Sendable, Equatable {
    package let clip: Int64
    package let stage: Int64
    /// Digest of the audio file that the rows were made from.
    package let content: String
    /// Id of the shard that holds the rows.
    package let shard: Int64
    /// Index in the shard of the clip's first row.
    package let firstRow: Int64
    /// Number of rows of the clip.
    package let rowCount: Int64
    /// Digest of the rows' bytes.
    package let digest: String
    /// Samples of the clip before padding, at the pipeline's rate, from which the number of chunks follows for any
    /// overlap. nil in rows from before this was recorded.
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

    /// Whether both are the same rows of the same clip, which two stages may share; see `Ledger.shareResults`.
    func isShared(with other: ResultRecord) -> Bool {
        (clip, shard, firstRow, rowCount) == (other.clip, other.shard, other.firstRow, other.rowCount)
            && (content, digest) == (other.content, other.digest)
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
