import Engines
import Pipeline

extension LoadedPipeline {
    /// An infer stage's model, and the stages that store its scores.
    package struct ScoreKeepers: Sendable {
        /// Name of the infer stage.
        package let stage: String
        /// Fingerprints of the stages that store its scores, of chunks and of clips.
        package let keepers: [String]
        package let model: ModelDescription
    }

    /// One for each infer stage, in the graph's order.
    package var scoreKeepers: [ScoreKeepers] {
        graph.nodes.compactMap { node in
            guard let scorer = stages[node.index].facts.scorer, scorer.node == node.index else { return nil }
            let own = graph.nodes.filter {
                let kept = stages[$0.index].kept
                return (kept == .scores || kept == .clipScores) && stages[$0.index].facts.scorer?.node == node.index
            }
            return ScoreKeepers(stage: node.name, keepers: own.map(\.fingerprint.hex), model: scorer.model)
        }
    }
}
