import Cache
import Engines
import Features
import Pipeline

/// What the stages above an edge determine about the rows on it.
struct StreamFacts: Sendable {
    /// Samples per second; nil if each file has its own rate.
    var rate: Int?
    /// The chunks that samples are padded for.
    var chunks: ChunkPlan?
    /// Index of the node that pads them.
    var chunkNode: Int?
    /// What decides which chunks no model hears; nil if each is heard, and below an infer stage.
    var skipping: Skipping?
    /// Below an infer stage: index of the node by which rows are NaN, as no model heard their chunks; nil if each was
    /// heard.
    var skippedBy: Int?
    /// The same chunks, with the front-end of the log-mel stage.
    var mel: ChunkPlan?
    /// The classes of scores, in the order of the scores.
    var classes: [String]?
    /// The model that made the scores or embeddings.
    var scorer: Scorer?

    /// Chunks are skipped by their level.
    struct Skipping {
        /// The chunk node, which keeps the levels.
        let node: Graph.Node
        /// In dBFS; chunks below it are skipped.
        let level: Double
    }

    struct Scorer {
        /// Index of its infer node.
        let node: Int
        let model: ModelDescription
        let classCount: Int
        /// What made the embeddings; nil if the model is not on this machine.
        let origin: EmbeddingOrigin?
        /// Whether the model is a head.
        var isHead = false
        /// Whether the embeddings are made by this very node, not passed through it.
        var makesEmbeddings = true
    }

    /// What decides the values of embeddings, besides the chunks that they are of.
    struct EmbeddingOrigin: Equatable {
        /// Of the model that makes them, or of the base of a head that does.
        let digest: String
        let precision: String
        let normalization: Normalization
    }

    /// The front-end that made the rows, or that their chunks are cut for; nil above the chunk stage.
    var frontEnd: FrontEnd? { (mel ?? chunks)?.frontEnd }

    /// How rows of a type are spaced in time; nil if they are not evenly spaced, or the spacing is unknown.
    func spacing(of type: EdgeType?) -> RowSpacing? {
        guard let rate, let type else { return nil }
        switch type {
        case .audio, .clipScores: return nil
        case .wave, .chunks: return RowSpacing(rate: rate, hop: 1)
        case .mel: return mel.map { RowSpacing(rate: rate, hop: $0.frontEnd.hop) }
        case .levels, .scores, .embeddings, .weights: return chunks.map { RowSpacing(rate: rate, hop: $0.hop) }
        }
    }
}
