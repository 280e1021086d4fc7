/// What one transaction records. Every row of every result must be durable before.
package struct CommitBatch: Sendable {
    package var results: [ResultRecord] = []
    /// Files that were read for them.
    package var sources: [SourceRecord] = []
    package var failures: [FailureRecord] = []
    /// Clips that are done: an earlier failure of theirs under `target` is forgotten.
    package var done: [Int64] = []
    /// The pipeline's fingerprint.
    package var target: String

    package init(target: String) { self.target = target }
}
