/// What flows along an edge of the graph. Every edge has exactly one type, checked before anything runs.
package enum EdgeType: String, Sendable, CaseIterable, Codable {
    /// Mono samples at the file's own rate.
    case audio
    /// Mono samples at the pipeline's rate.
    case wave
    /// `wave`, zero-padded so that every chunk of the plan is a view of it.
    case chunks
    /// The level of each chunk in dBFS, (chunks, 1). No edge has this type: it is only stored.
    case levels
    /// Log-mel frames, (frames, bands).
    case mel
    /// One embedding per chunk, (chunks, size).
    case embeddings
    /// One score per chunk and class, (chunks, classes).
    case scores
    /// What weighs each chunk of a clip in its clip's score, (chunks, classes). It is passed on, but not cached.
    case weights
    /// One score per class for the whole clip, (1, classes).
    case clipScores = "clip-scores"

    /// The name that a cached copy of this edge has in shards and in the index; nil if it cannot be cached.
    package var cacheKind: String? {
        switch self {
        case .audio, .wave, .weights: nil
        case .chunks: "raw"
        default: rawValue
        }
    }
}
