import Models
import Random

/// The model of a card: a graph that a foreign engine has read, with what the card says of its tensors.
///
/// The graph is always run on inputs of one shape: a batch that is not full is filled up with zeros. Engines choose their
/// kernels by the shape, so a chunk's last bits would otherwise depend on how many chunks it is run with. By default a
/// call has one chunk. With a larger `batch`, the kernels may still treat the places of the batch differently: whether
/// they do is tried once, with noise.
package final class CardModel: InferenceEngine {
    package let model: ModelDescription
    package let card: ModelCard
    /// The engine that runs it.
    package let engine: any ForeignEngine
    let graph: any ForeignGraph
    let fit: CardFit
    /// Chunks that are given in one call; less than the graph's batch if a chunk's results depend on its place in it.
    package let chunksInCall: Int

    /// - Throws: `ModelError.line` in the card if the graph is another than the card says, or if a chunk's results depend
    ///   on its batch although the card chose it; `ForeignEngineError` if the graph cannot be run.
    package init(card: ModelCard, graph: any ForeignGraph, engine: any ForeignEngine) throws {
        self.card = card
        self.graph = graph
        self.engine = engine
        model = ModelDescription(card)
        fit = try CardFit(card: card, graph: graph)
        guard fit.batch > 1, let difference = try Self.difference(fit, graph) else {
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
        try CardSession(model: self, maxBatch: maxBatch)
    }

    /// Runs one chunk of noise at several places of a batch, alone and among other noise.
    ///
    /// - Returns: the largest difference between its results; nil if they are the same, bit for bit.
    private static func difference(_ fit: CardFit, _ graph: any ForeignGraph) throws -> Float? {
        let runner = try graph.makeRunner(inputShapes: [fit.inputShape])
        let wanted = [fit.scores, fit.embeddings].compactMap { $0 }
        let input = AlignedFloats(count: fit.input.count)
        let buffers = runner.outputShapes.enumerated().map { place, shape in
            wanted.contains { $0.place == place } ? AlignedFloats(count: shape.reduce(1, *)) : nil
        }
        var random = SplitMix64(seed: 1)
        let size = fit.input.rows * fit.input.values
        let chunk = (0..<size).map { _ in Float(random.uniform() - 0.5) }
        var first: [Float]?
        var largest: Float = 0
        var isSame = true
        for (place, isAlone) in [(0, true), (0, false), (1, false), (fit.batch / 2, false), (fit.batch - 1, false)] {
            for index in 0..<input.count { input.pointer[index] = isAlone ? 0 : Float(random.uniform() - 0.5) }
            for row in 0..<fit.input.rows {
                let target = input.pointer + place * fit.input.chunkStride + row * fit.input.rowStride
                for value in 0..<fit.input.values {
                    target[value * fit.input.valueStride] = chunk[row * fit.input.values + value]
                }
            }
            try runner.run(inputs: [UnsafePointer(input.pointer)], outputs: buffers.map { $0?.pointer })
            var found: [Float] = []
            for output in wanted {
                guard let base = buffers[output.place]?.pointer else { continue }
                let view = output.view
                for row in 0..<view.rows {
                    for value in 0..<view.values {
                        found.append(base[place * view.chunkStride + row * view.rowStride + value * view.valueStride])
                    }
                }
            }
            guard let first else {
                first = found
                continue
            }
            for (one, other) in zip(first, found) where one.bitPattern != other.bitPattern {
                isSame = false
                largest = max(largest, abs(one - other))
            }
        }
        return isSame ? nil : largest
    }
}
