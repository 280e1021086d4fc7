/// What one transaction records. Every row of every result must be durable before.
package struct CommitBatch: Sendable {
    package var results: [ResultRecord] = []
    /// Files that were read for them.
    package var sources: [SourceRecord] = []
    package var failures: [FailureRecord] = []
    /// Of failed clips whose files could be read: the clip, and the digest of the file's bytes. Where the ledger knows the clip by
    /// other bytes, its rows are of a file that is no more, and no longer count.
    package var failedContents: [(clip: Int64, content: String)] = []
    /// Clips that are done: earlier failures of theirs under `targets` are forgotten.
    package var done: [Int64] = []
    /// The identities that failures of the pipeline can have.
    package var targets: [String]

    /// - Parameter targets: the identities that failures of this pipeline may have; those of clips that are done now are forgotten.
    package init(targets: [String]) { self.targets = targets }

    package init(target: String) { self.init(targets: [target]) }
}
