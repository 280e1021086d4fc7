/// A node of some pipeline whose rows are in the cache, by fingerprint.
package struct StageRecord: Sendable, Equatable {
    package let id: Int64
    /// In hexadecimal digits.
    package let fingerprint: String
    /// raw, mel, embeddings, scores or clip-scores.
    package let kind: String
    /// The classes of scores, as a JSON array; empty elsewhere.
    package let classes: String
}
