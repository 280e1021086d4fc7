import Engines
import Features
import Pipeline
import Shards

/// How much disk space a node's rows take.
package struct NodeStorage: Sendable, Equatable {
    /// Bytes per second of audio.
    package let perSecond: Double
    /// Bytes to add per clip, whatever its length; negative if `perSecond` alone is too much, as a clip's first chunk
    /// may take much more audio than each later one.
    package let perClip: Double
}

extension LoadedPipeline {
    /// The disk space that a node's rows take in shards; nil if it stores none.
    ///
    /// A clip of n samples has max(1, ceil((n - chunk) / hop) + 1) chunks and is padded to the end of the last one. On
    /// average over all n, the padded clip is half a hop longer than n and has (n - chunk) / hop + 1.5 chunks.
    package func storage(of node: Graph.Node) -> NodeStorage? {
        guard node.persists, let type = kept(by: node) else { return nil }
        let facts = stages[node.index].facts
        let size = Double((ShardDType(rawValue: node.parameters["dtype"] ?? "") ?? .float32).size)
        let classes = Double(facts.scorer?.classCount ?? 0)
        if type == .clipScores { return NodeStorage(perSecond: 0, perClip: classes * size) }
        guard let rate = facts.rate.map(Double.init), let frontEnd = facts.frontEnd, let chunks = facts.chunks else {
            return nil
        }
        let (hop, chunk) = (Double(chunks.hop), Double(frontEnd.chunk))
        switch type {
        case .audio, .weights, .clipScores: return nil
        case .wave, .chunks: return NodeStorage(perSecond: rate * size, perClip: hop / 2 * size)
        case .levels: return NodeStorage(perSecond: rate / hop * size, perClip: (1.5 - chunk / hop) * size)
        case .mel:
            let (row, step) = (Double(frontEnd.bands) * size, Double(frontEnd.hop))
            // The last window must lie within the padded clip.
            let rest = hop / 2 - (Double(frontEnd.window) - step)
            return NodeStorage(perSecond: rate / step * row, perClip: rest / step * row)
        case .scores, .embeddings:
            let row = (type == .scores ? classes : Double(facts.scorer?.model.embeddingSize ?? 0)) * size
            return NodeStorage(perSecond: rate / hop * row, perClip: (1.5 - chunk / hop) * row)
        }
    }
}
