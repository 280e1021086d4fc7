import Engines
import Errors
import Features
import Models
import Pipeline

/// What an infer stage asks of the stages above and beside it.
extension InferStage {
    /// Checks that embeddings are those on which a head was trained.
    ///
    /// - Throws: `PipelineError` if the model that makes them, its arithmetic or its normalisation is another.
    static func check(
        _ head: HeadMetadata, _ path: String, _ origin: StreamFacts.EmbeddingOrigin, _ scorer: StreamFacts.Scorer,
        _ node: Graph.Node, _ context: PreparationContext
    ) throws {
        let stage = context.graph.nodes[scorer.node].name
        guard origin.digest == head.baseDigest else {
            throw context.error(
                node,
                "\(path) is a head on '\(head.baseName)' with digest \(head.baseDigest.prefix(23)), but the embeddings of "
                    + "stage '\(stage)' are of a model with digest \(origin.digest.prefix(23))")
        }
        let pairs = [
            ("precision", head.basePrecision, origin.precision),
            ("normalization", head.normalization.rawValue, origin.normalization.rawValue),
        ]
        for (key, wanted, found) in pairs where wanted != found {
            throw context.error(
                node,
                "\(path) is a head on embeddings with \(key) '\(wanted)', but those of stage '\(stage)' have '\(found)'"
            )
        }
        guard scorer.model.embeddingSize == head.embeddingSize else {
            throw context.error(
                node,
                "\(path) reads embeddings of \(head.embeddingSize) values, but those of stage '\(stage)' have "
                    + "\(scorer.model.embeddingSize)")
        }
    }

    /// Checks that no other stage makes the same embeddings of the same rows where a head is one of the two: one of them would
    /// do.
    ///
    /// - Throws: `PipelineError` naming the other stage.
    static func checkAlone(
        _ node: Graph.Node, _ origin: StreamFacts.EmbeddingOrigin, isHead: Bool, _ context: PreparationContext
    ) throws {
        for other in context.graph.nodes[..<node.index] where other.inputs == node.inputs {
            guard let scorer = context.stages[other.index].facts.scorer, scorer.node == other.index,
                scorer.makesEmbeddings, scorer.origin == origin, isHead || scorer.isHead
            else { continue }
            let (head, maker) = isHead ? (node.name, other.name) : (other.name, node.name)
            throw context.error(
                node,
                "stages '\(other.name)' and '\(node.name)' would each compute the same embeddings, expected 'from: "
                    + "\(maker).embeddings' in stage '\(head)'")
        }
    }

    /// What decides which chunks are skipped: the chunk stage above, or the one above its log-mel if there are two.
    ///
    /// - Throws: `PipelineError` if two chunk stages skip at different levels.
    static func skipping(
        _ node: Graph.Node, _ context: PreparationContext
    ) throws -> StreamFacts.Skipping? {
        let found = node.inputs.indices.filter { node.inputs[$0] != nil }.map {
            context.facts(above: node, input: $0).skipping
        }
        guard let first = found.first else { return nil }
        for other in found where other?.level != first?.level {
            let words = { (skipping: StreamFacts.Skipping?) in
                skipping.map { "\($0.level) dBFS in stage '\($0.node.name)'" } ?? "nothing"
            }
            throw context.error(
                node,
                "'\(ChunkSettings.skipKey)' is \(words(first)) above its log-mel, but \(words(other)) above its samples; "
                    + "expected the same")
        }
        return first
    }

    /// The chunks that the model gets, after checking that they are what it expects.
    ///
    /// - Throws: `PipelineError` if they are not.
    static func plan(
        _ node: Graph.Node, _ model: ModelDescription, _ path: String, _ context: PreparationContext
    ) throws -> ChunkPlan {
        var found: ChunkPlan?
        if model.needsMel {
            guard let plan = context.facts(above: node, input: 0).mel else {
                throw context.error(node, "found no log-mel stage above it, expected one")
            }
            guard let wanted = model.frontEnd else {
                throw context.error(node, "\(path) reads log-mel but does not name a front-end, expected one")
            }
            guard plan.frontEnd == wanted else {
                throw context.error(
                    node,
                    "the front-end of \(path) is [\(wanted)], but the features here are made by [\(plan.frontEnd)]; "
                        + ModelStages(model).advice)
            }
            found = plan
        }
        if model.needsWave {
            guard let plan = context.facts(above: node, input: 1).chunks else {
                throw context.error(node, "found no chunk stage above its samples, expected one")
            }
            guard plan.frontEnd.rate == model.rate, plan.frontEnd.chunk == model.chunk else {
                throw context.error(
                    node,
                    "\(path) expects chunks of \(model.chunk) samples at \(model.rate) Hz, but here they have "
                        + "\(plan.frontEnd.chunk) at \(plan.frontEnd.rate) Hz; " + ModelStages(model).advice)
            }
            if let mel = found, mel.hop != plan.hop {
                throw context.error(
                    node,
                    "a chunk of its log-mel begins every \(mel.hop) samples, but one of its samples every \(plan.hop); "
                        + "expected chunk stages of the same overlap above both")
            }
            found = found ?? plan
        }
        guard let found else {
            throw context.error(node, "\(path) reads neither samples nor log-mel, expected a model that does")
        }
        /// The first stage that takes what comes out at a port.
        func user(of port: Int) -> Graph.Node? {
            context.graph.nodes.first { below in
                below.inputs.contains { $0?.node == node.index && $0?.port == port }
            }
        }
        if model.embeddingSize == 0, let user = user(of: 1) {
            throw context.error(user, "takes the embeddings of stage '\(node.name)', but \(path) has none")
        }
        // Of a model that is not on this machine yet, only the number of classes is known.
        if (context.models.absent(path)?.classCount ?? model.classCount) == 0, let user = user(of: 0) {
            throw context.error(
                user,
                "takes the scores of stage '\(node.name)', but \(path) (\(model.network)) has none; expected "
                    + "'from: \(node.name).embeddings'")
        }
        return found
    }
}
