import Engines
import Features
import Pipeline
import Stages

/// Runs a model on samples in memory, block by block: memory use beyond the samples and the scores does not grow with
/// their length.
struct ModelScorer {
    /// The number of chunks in one forward pass.
    private static let batch = 64
    /// The length of a block in seconds.
    private static let blockSeconds = 10

    let engine: any InferenceEngine
    let plan: ChunkPlan

    /// Scores the chunks of some samples.
    ///
    /// - Parameter wave: samples at the model's rate, at least one.
    /// - Returns: the scores, of shape (chunks, classes).
    /// - Throws: `EarmarkKitError` if a score is not finite; the engine's error if the engine fails.
    func scores(of wave: [Float]) throws -> [Float] {
        let count = plan.count(samples: wave.count)
        let batch = try Batch(self, capacity: min(Self.batch, count), chunks: count)
        let assembler = PatchAssembler(plan: plan, inputs: engine.model.inputs)
        let logMel = engine.model.needsMel ? try LogMel(frontEnd: plan.frontEnd) : nil
        let bands = plan.frontEnd.bands
        let takeFrames = { (frames: UnsafeBufferPointer<Float>, _: Int) in
            assembler.append(mel: Block(frames, columns: bands))
        }
        let padded = plan.paddedLength(samples: wave.count)
        let block = Self.blockSeconds * plan.frontEnd.rate
        for start in stride(from: 0, to: padded, by: block) {
            let end = min(start + block, padded)
            let own = wave[min(start, wave.count)..<min(end, wave.count)]
            let samples = own + [Float](repeating: 0, count: end - start - own.count)
            try samples.withUnsafeBufferPointer { samples in
                try logMel?.process(samples, emit: takeFrames)
                assembler.append(wave: Block(samples, rate: plan.frontEnd.rate))
            }
            if end == padded { try logMel?.finish(emit: takeFrames) }
            try assembler.drain { try batch.add(patch: $0, samples: $1) }
        }
        try batch.forward()
        guard batch.scores.allSatisfy(\.isFinite) else {
            throw EarmarkKitError(.internalFault, "the network's scores are not finite for these samples")
        }
        precondition(
            batch.scores.count == count * engine.model.classCount,
            "scores of other chunks than those of the plan")
        return batch.scores
    }
}

/// The chunks that are waiting for a forward pass, and the scores of the chunks already passed through the network.
private final class Batch {
    private let scorer: ModelScorer
    private let model: ModelDescription
    private let session: any InferenceSession
    private let capacity: Int
    private let mel: AlignedFloats
    private let wave: AlignedFloats
    private let made: AlignedFloats
    private let patchSize: Int
    private var waiting = 0
    /// The scores so far, of shape (chunks, classes).
    private(set) var scores: [Float] = []

    init(_ scorer: ModelScorer, capacity: Int, chunks: Int) throws {
        self.scorer = scorer
        model = scorer.engine.model
        self.capacity = capacity
        let frontEnd = scorer.plan.frontEnd
        session = try scorer.engine.makeSession(maxBatch: capacity)
        patchSize = frontEnd.patchFrames * frontEnd.bands
        mel = AlignedFloats(count: capacity * patchSize)
        wave = AlignedFloats(count: model.needsWave ? capacity * frontEnd.chunk : 1)
        made = AlignedFloats(count: capacity * model.classCount)
        scores.reserveCapacity(chunks * model.classCount)
    }

    func add(patch: UnsafePointer<Float>?, samples: UnsafePointer<Float>?) throws {
        let frontEnd = scorer.plan.frontEnd
        if let patch {
            let target = UnsafeMutableBufferPointer(
                start: mel.pointer + waiting * patchSize, count: patchSize)
            _ = target.update(fromContentsOf: UnsafeBufferPointer(start: patch, count: patchSize))
            frontEnd.finish(target)
            model.normalization.apply(to: target, bands: frontEnd.bands)
        }
        if let samples {
            (wave.pointer + waiting * frontEnd.chunk).update(from: samples, count: frontEnd.chunk)
        }
        waiting += 1
        if waiting == capacity { try forward() }
    }

    func forward() throws {
        guard waiting > 0 else { return }
        try session.forward(
            mel: model.needsMel ? UnsafePointer(mel.pointer) : nil,
            wave: model.needsWave ? UnsafePointer(wave.pointer) : nil, count: waiting,
            embeddings: nil, scores: made.pointer)
        scores += UnsafeBufferPointer(start: made.pointer, count: waiting * model.classCount)
        waiting = 0
    }
}
