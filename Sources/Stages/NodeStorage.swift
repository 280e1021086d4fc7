import Engines
import Features
import Pipeline
import Shards

/// How much room a node's rows take.
package struct NodeStorage: Sendable, Equatable {
    /// Bytes for a second of audio.
    package let perSecond: Double
    /// Bytes for a clip of any length; less than 0 where the first chunk of a clip counts for more than its second.
    package let perClip: Double
}

extension LoadedPipeline {
    /// The room that a node takes in shards; nil where it leaves nothing there.
    ///
    /// A clip of n samples has max(1, ceil((n - chunk) / hop) + 1) chunks and is padded to their end: on average over all n
    /// that is half a hop more than n, and (n - chunk) / hop + 1.5 chunks.
    package func storage(of node: Graph.Node) -> NodeStorage? {
        guard node.definition.persists, let type = kept(by: node) else { return nil }
        let facts = stages[node.index].facts
        let size = Double((ShardDType(rawValue: node.parameters["dtype"] ?? "") ?? .float32).size)
        let classes = Double(facts.scorer?.classCount ?? 0)
        if type == .clipScores { return NodeStorage(perSecond: 0, perClip: classes * size) }
        guard let rate = facts.rate.map(Double.init), let frontEnd = facts.frontEnd, let chunks = facts.chunks else {
            return nil
        }
        let (hop, chunk) = (Double(chunks.hop), Double(frontEnd.chunk))
        switch type {
        case .audio, .clipScores: return nil
        case .wave, .chunks: return NodeStorage(perSecond: rate * size, perClip: hop / 2 * size)
        case .mel:
            let (row, step) = (Double(frontEnd.bands) * size, Double(frontEnd.hop))
            // The last window has to lie within the padded clip.
            let rest = hop / 2 - (Double(frontEnd.window) - step)
            return NodeStorage(perSecond: rate / step * row, perClip: rest / step * row)
        case .scores, .embeddings:
            let row = (type == .scores ? classes : Double(facts.scorer?.model.embeddingSize ?? 0)) * size
            return NodeStorage(perSecond: rate / hop * row, perClip: (1.5 - chunk / hop) * row)
        }
    }
}
