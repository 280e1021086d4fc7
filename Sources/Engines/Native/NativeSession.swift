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
                    reduce(encoder.output.pointer + chunk * LEANShape.width, group: group, chunk: start + chunk)
                }
            }
        }
        embeddings?.update(from: combined.pointer, count: count * size)
        model.head.multiply(combined.pointer, scores, rows: count, .none, kernels)
        kernels.sigmoid(scores, scores, count: count * model.classCount)
    }

    /// Reduces the encoder's 40 outputs for one chunk, whose steps are `group` x 256 floats apart, and writes the
    /// result to the chunk's row in `combined`.
    private func reduce(_ values: UnsafePointer<Float>, group: Int, chunk: Int) {
        let width = LEANShape.width
        let row = combined.pointer + chunk * model.embeddingSize
        let target = model.architecture.hasTrunk ? row + width : row
        if model.architecture == .lean {
            kernels.attend(
                query: row, values: values, stride: group * width, steps: LEANShape.steps, width: width,
                scale: 1 / 16, target)
        } else {
            kernels.meanRows(values, stride: group * width, rows: LEANShape.steps, columns: width, target)
        }
    }
}
