/// A pipeline node whose rows are in the cache, identified by its fingerprint.
package struct StageRecord: Sendable, Equatable {
    package let id: Int64
    /// Fingerprint in hexadecimal digits.
    package let fingerprint: String
    /// Kind of its rows: raw, levels, mel, embeddings, scores or clip-scores.
    package let kind: String
    /// The classes of scores, as a JSON array; empty for other kinds.
    package let classes: String
}
