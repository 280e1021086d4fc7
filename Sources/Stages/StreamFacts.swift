import Cache
import Engines
import Features
import Pipeline

/// What is known of the rows on an edge from the stages above it.
struct StreamFacts: Sendable {
    /// Samples per second; nil where they are the file's own.
    var rate: Int?
    /// The chunks that samples are padded for.
    var chunks: ChunkPlan?
    /// The node that pads them.
    var chunkNode: Int?
    /// The same chunks as the mel frames see them.
    var mel: ChunkPlan?
    /// Of scores, in their order.
    var classes: [String]?
    /// The model that made them.
    var scorer: Scorer?

    struct Scorer {
        /// Index of its infer node.
        let node: Int
        let model: ModelDescription
        let classCount: Int
    }

    /// The front-end that the rows were made by, or that their chunks are cut for; nil above the chunks.
    var frontEnd: FrontEnd? { (mel ?? chunks)?.frontEnd }

    /// How rows of a type lie in time; nil where they are not evenly spaced.
    func spacing(of type: EdgeType?) -> RowSpacing? {
        guard let rate, let type else { return nil }
        switch type {
        case .audio, .clipScores: return nil
        case .wave, .chunks: return RowSpacing(rate: rate, hop: 1)
        case .mel: return mel.map { RowSpacing(rate: rate, hop: $0.frontEnd.hop) }
        case .scores, .embeddings: return chunks.map { RowSpacing(rate: rate, hop: $0.hop) }
        }
    }
}
