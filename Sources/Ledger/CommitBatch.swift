/// What one transaction records. All rows of all results must be durable before it.
package struct CommitBatch: Sendable {
    package var results: [ResultRecord] = []
    /// Files that were read to make the results.
    package var sources: [SourceRecord] = []
    package var failures: [FailureRecord] = []
    /// For failed clips whose files could be read: the clip and the digest of the file's bytes. If the ledger knows the clip
    /// with other bytes, its rows were made from a file that no longer exists, and no longer count.
    package var failedContents: [(clip: Int64, content: String)] = []
    /// Clips that are done; their earlier failures under `targets` are deleted.
    package var done: [Int64] = []
    /// The identities that this pipeline's failures can have.
    package var targets: [String]

    /// - Parameter targets: the identities that this pipeline's failures can have; failures under them are deleted for clips
    ///   that are now done.
    package init(targets: [String]) { self.targets = targets }

    package init(target: String) { self.init(targets: [target]) }
}
