import Files
import Models

/// The model of a card: a graph that a foreign engine has read, with what the card says of its tensors.
///
/// The graph is always run on inputs of one shape: a batch that is not full is filled up with zeros. Engines choose their
/// kernels by the shape, so a chunk's last bits would otherwise depend on how many chunks it is run with. By default a
/// call has one chunk. With a larger `batch`, the kernels may still treat the places of the batch differently: whether
/// they do is tried once, with noise from silence to full scale.
package final class CardModel: InferenceEngine {
    package let model: ModelDescription
    package let card: ModelCard
    /// The engine that runs it.
    package let engine: any ForeignEngine
    let graph: any ForeignGraph
    let fit: CardFit
    /// Chunks that are given in one call; less than the graph's batch if a chunk's results depend on its place in it.
    package let chunksInCall: Int
    /// Of the card's files, before their SHA-256 was taken.
    private let versions: [FileIdentity?]

    /// - Parameter versions: those of the card's files before their SHA-256 was taken.
    /// - Throws: `ModelError.line` in the card if the graph is another than the card says, or if a chunk's results depend
    ///   on its batch although the card chose it; `ForeignEngineError` if the graph cannot be run.
    package init(
        card: ModelCard, graph: any ForeignGraph, engine: any ForeignEngine, versions: [FileIdentity?]
    ) throws {
        self.card = card
        self.versions = versions
        self.graph = graph
        self.engine = engine
        model = ModelDescription(card)
        fit = try CardFit(card: card, graph: graph)
        guard fit.batch > 1, let difference = try BatchCheck.difference(card, fit, graph) else {
            chunksInCall = fit.batch
            return
        }
        // A batch that is part of the graph cannot be chosen, so its other places are left empty.
        guard card.input.batch == nil else {
            throw ModelError.line(
                path: card.path, line: card.input.line,
                reason:
                    "in a batch of \(fit.batch), a chunk's results depend on its place or on its neighbours (by up to "
                    + "\(difference)), expected the same bits; write 'batch: 1'")
        }
        chunksInCall = 1
    }

    /// What computes it, for messages, such as `litert 2.3.0`.
    package var computer: String { engine.title }

    package func makeSession(maxBatch: Int) throws -> any InferenceSession {
        let session = try CardSession(model: self, maxBatch: maxBatch)
        // An engine that maps its files may have read the weights only now; those that are gone are still mapped.
        try card.checkUnchanged(since: versions, mayBeGone: true)
        return session
    }
}
