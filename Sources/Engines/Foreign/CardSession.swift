import Errors
import Foundation
import Models

/// One worker's use of a card's model; not to be shared between threads. `forward` allocates nothing of its own.
final class CardSession: InferenceSession {
    private let model: CardModel
    private let maxBatch: Int
    private let runner: any ForeignRunner
    private let input: AlignedFloats
    /// One for each output of the graph that is read.
    private let buffers: [AlignedFloats?]
    private let inputs: [UnsafePointer<Float>]
    private let outputs: [UnsafeMutablePointer<Float>?]
    /// A frame's scores, and the sum of the frames.
    private let row: AlignedFloats
    private var sums: [Double]

    /// - Throws: `InferenceError` if `maxBatch` is less than 1; `ForeignEngineError` if the engine cannot make a runner.
    init(model: CardModel, maxBatch: Int) throws {
        guard maxBatch > 0 else { throw InferenceError("a session of \(maxBatch) chunks, expected at least 1") }
        self.model = model
        self.maxBatch = maxBatch
        runner = try model.graph.makeRunner(inputShapes: [model.fit.inputShape])
        input = AlignedFloats(count: model.fit.input.count)
        let read = [model.fit.scores, model.fit.embeddings].compactMap { $0 }
        buffers = runner.outputShapes.indices.map { place in
            read.first { $0.place == place }.map { AlignedFloats(count: $0.view.count) }
        }
        inputs = [UnsafePointer(input.pointer)]
        outputs = buffers.map { $0?.pointer }
        let most = read.map(\.view.values).max() ?? 0
        row = AlignedFloats(count: most)
        sums = [Double](repeating: 0, count: most)
    }

    func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws {
        guard count <= maxBatch else { throw InferenceError("\(count) chunks in a session of \(maxBatch)") }
        guard let source = model.model.needsMel ? mel : wave else {
            throw InferenceError("the network reads \(model.model.needsMel ? "log-mel" : "samples") and was given none")
        }
        let size = model.card.input.size
        for start in stride(from: 0, to: count, by: model.chunksInCall) {
            let group = min(model.chunksInCall, count - start)
            for slot in 0..<group { fill(slot, from: source + (start + slot) * size) }
            if group < model.fit.batch { clear(from: group) }
            try runner.run(inputs: inputs, outputs: outputs)
            for slot in 0..<group {
                if let output = model.fit.scores {
                    let target = scores + (start + slot) * output.view.values
                    gather(output, slot, into: target)
                    try check(target, output)
                }
                if let embeddings, let output = model.fit.embeddings {
                    gather(output, slot, into: embeddings + (start + slot) * output.view.values)
                }
            }
        }
    }

    /// Puts a chunk where the graph expects it.
    private func fill(_ slot: Int, from source: UnsafePointer<Float>) {
        let (view, card) = (model.fit.input, model.card.input)
        var (scale, offset) = (card.scale, card.offset)
        if card.removesMean || card.peak != nil {
            let samples = UnsafeBufferPointer(start: source, count: card.size)
            let mean = card.removesMean ? Float(samples.reduce(0.0) { $0 + Double($1) } / Double(card.size)) : 0
            if let peak = card.peak {
                let loudest = samples.reduce(Float(0)) { max($0, abs($1 - mean)) }
                if loudest > 0 { scale *= peak / loudest }
            }
            offset -= mean * scale
        }
        let base = input.pointer + slot * view.chunkStride
        for row in 0..<view.rows {
            let (from, to) = (source + row * view.values, base + row * view.rowStride)
            if scale == 1, offset == 0 {
                for value in 0..<view.values { to[value * view.valueStride] = from[value] }
            } else {
                for value in 0..<view.values { to[value * view.valueStride] = from[value] * scale + offset }
            }
        }
    }

    /// Fills the places of a batch that have no chunk with zeros.
    private func clear(from first: Int) {
        let view = model.fit.input
        for slot in first..<model.fit.batch {
            for row in 0..<view.rows {
                let to = input.pointer + slot * view.chunkStride + row * view.rowStride
                for value in 0..<view.values { to[value * view.valueStride] = 0 }
            }
        }
    }

    /// Takes a chunk's values out of a tensor: each frame's through the activation, then pooled.
    private func gather(_ output: CardFit.Output, _ slot: Int, into target: UnsafeMutablePointer<Float>) {
        guard let buffer = buffers[output.place] else { return }
        let view = output.view
        let base = buffer.pointer + slot * view.chunkStride
        for index in 0..<view.rows {
            let from = base + index * view.rowStride
            for value in 0..<view.values { row.pointer[value] = from[value * view.valueStride] }
            activate(output.card.activation, count: view.values)
            pool(output.card.pooling, isFirst: index == 0, count: view.values, into: target)
        }
        if output.card.pooling == .mean {
            for value in 0..<view.values { target[value] = Float(sums[value] / Double(view.rows)) }
        }
    }

    private func activate(_ activation: ModelCard.Activation, count: Int) {
        switch activation {
        case .none: return
        case .sigmoid:
            for value in 0..<count { row.pointer[value] = Float(1 / (1 + exp(-Double(row.pointer[value])))) }
        case .softmax:
            var largest = -Float.infinity
            for value in 0..<count { largest = max(largest, row.pointer[value]) }
            var sum = 0.0
            for value in 0..<count { sum += exp(Double(row.pointer[value]) - Double(largest)) }
            for value in 0..<count {
                row.pointer[value] = Float(exp(Double(row.pointer[value]) - Double(largest)) / sum)
            }
        }
    }

    private func pool(
        _ pooling: ModelCard.Pooling?, isFirst: Bool, count: Int, into target: UnsafeMutablePointer<Float>
    ) {
        switch pooling {
        case .mean:
            for value in 0..<count { sums[value] = (isFirst ? 0 : sums[value]) + Double(row.pointer[value]) }
        case .max where !isFirst:
            // A value that is no number must not get lost.
            for value in 0..<count where row.pointer[value] > target[value] || row.pointer[value].isNaN {
                target[value] = row.pointer[value]
            }
        case .max, nil: target.update(from: row.pointer, count: count)
        }
    }

    /// Checks that scores are from 0 to 1, but for rounding. What is no number is left to whoever reads them.
    private func check(_ scores: UnsafeMutablePointer<Float>, _ output: CardFit.Output) throws {
        for place in 0..<output.view.values {
            let value = scores[place]
            if value >= 0, value <= 1 { continue }
            guard value.isFinite else { continue }
            guard value > -Self.rounding, value < 1 + Self.rounding else {
                throw ForeignEngineError(
                    .badInput,
                    "\(value) for class \(place), '\(model.card.classes[place])', with 'activation: "
                        + "\(output.card.activation.rawValue)'; expected 0 to 1")
            }
            scores[place] = min(max(value, 0), 1)
        }
    }

    /// How far a score of float32 arithmetic may be outside of 0 to 1.
    private static let rounding: Float = 1e-5
}
