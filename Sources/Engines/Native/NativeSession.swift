import Models

/// A session of a native network: one worker's memory, not to be shared between threads. `forward` allocates nothing.
package final class NativeSession: InferenceSession {
    private let model: NativeModel
    /// Maximum number of chunks in one call of `forward`.
    private let maxBatch: Int
    private let kernels: Kernels
    private let trunk: Trunk.Scratch?
    private let encoder: WaveEncoder.Scratch?
    /// Pooled channels (maxBatch, 1024), if a projection follows.
    private let pooled: AlignedFloats?
    /// The classifier's inputs (maxBatch, embeddingSize).
    private let combined: AlignedFloats

    /// - Throws: `InferenceError` if `maxBatch` is less than 1.
    init(model: NativeModel, maxBatch: Int, kernels: Kernels) throws {
        guard maxBatch > 0 else { throw InferenceError("a session of \(maxBatch) chunks, expected at least 1") }
        self.model = model
        self.maxBatch = maxBatch
        self.kernels = kernels
        trunk = model.trunk == nil ? nil : Trunk.Scratch()
        encoder = model.encoder == nil ? nil : WaveEncoder.Scratch()
        pooled = model.projection == nil ? nil : AlignedFloats(count: maxBatch * YAMNetShape.embedding)
        combined = AlignedFloats(count: maxBatch * model.embeddingSize)
    }

    /// Computes the scores of chunks, each 0 to 1. A chunk's scores are bit-identical whichever chunks share its batch.
    ///
    /// - Parameters:
    ///   - mel: (count, 96, 64) log-mel, normalised as the model requires; needed by a network with a trunk.
    ///   - wave: (count, 16000) in [-1, 1]; needed by a network with a wave encoder.
    ///   - count: number of chunks, at most `maxBatch`.
    ///   - embeddings: receives (count, `model.embeddingSize`); nil if they are not wanted.
    ///   - scores: receives (count, `model.classCount`).
    /// - Throws: `InferenceError` if an input is missing or there are too many chunks.
    package func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws {
        guard count <= maxBatch else { throw InferenceError("\(count) chunks in a session of \(maxBatch)") }
        guard count > 0 else { return }
        let size = model.embeddingSize
        if let network = model.trunk, let trunk {
            guard let mel else { throw InferenceError("the network reads log-mel and was given none") }
            let target = pooled ?? combined
            network.forward(mel, count: count, trunk, target.pointer, kernels)
            model.projection?.multiply(
                target.pointer, combined.pointer, outputStride: size, rows: count, .relu, kernels)
        }
        if let network = model.encoder, let encoder {
            guard let wave else { throw InferenceError("the network reads samples and was given none") }
            for start in stride(from: 0, to: count, by: WaveEncoder.group) {
                let group = min(WaveEncoder.group, count - start)
                network.forward(wave + start * LEANShape.samples, count: group, encoder, kernels)
                for chunk in 0..<group {
                    let row = combined.pointer + (start + chunk) * size
                    kernels.reduceSteps(
                        encoder.output.pointer + chunk * LEANShape.width, stride: group * LEANShape.width,
                        query: model.architecture == .lean ? UnsafePointer(row) : nil,
                        scale: model.metadata.attentionScale,
                        model.architecture.hasTrunk ? row + LEANShape.width : row)
                }
            }
        }
        embeddings?.update(from: combined.pointer, count: count * size)
        model.head.multiply(combined.pointer, scores, rows: count, .none, kernels)
        kernels.sigmoid(scores, scores, count: count * model.classCount)
    }
}
