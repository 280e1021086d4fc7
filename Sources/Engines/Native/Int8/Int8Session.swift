import Models

/// A session of an 8-bit network: one worker's memory, not to be shared between threads. `forward` allocates nothing.
package final class Int8Session: InferenceSession {
    private let model: Int8Model
    /// Maximum number of chunks in one call of `forward`.
    private let maxBatch: Int
    private let kernels: Int8Kernels
    private let floats: Kernels
    private let trunk: Int8Trunk.Scratch?
    private let encoder: Int8WaveEncoder.Scratch?
    /// Sums of the trunk's pooled channels (maxBatch, 2, 1024), and their means (maxBatch, 1024).
    private let sums: AlignedIntegers<UInt8>
    private let pooled: AlignedFloats
    /// The classifier's inputs (maxBatch, embeddingSize), in bytes as well unless they are the pooled channels.
    private let combined: AlignedFloats
    private let rows: AlignedIntegers<UInt8>
    private let scales: AlignedFloats

    /// - Throws: `InferenceError` if `maxBatch` is less than 1.
    init(model: Int8Model, maxBatch: Int, kernels: Int8Kernels, floats: Kernels) throws {
        guard maxBatch > 0 else { throw InferenceError("a session of \(maxBatch) chunks, expected at least 1") }
        self.model = model
        self.maxBatch = maxBatch
        self.kernels = kernels
        self.floats = floats
        trunk = model.trunk.map(Int8Trunk.Scratch.init)
        encoder = model.encoder == nil ? nil : Int8WaveEncoder.Scratch()
        let channels = model.trunk == nil ? 0 : maxBatch * YAMNetShape.embedding
        sums = AlignedIntegers(count: 2 * channels)
        pooled = AlignedFloats(count: model.projection == nil ? 0 : channels)
        combined = AlignedFloats(count: maxBatch * model.embeddingSize)
        rows = AlignedIntegers(count: 2 * combined.count)
        scales = AlignedFloats(count: maxBatch)
    }

    /// Computes the scores of chunks, each 0 to 1. A chunk's scores are bit-identical whichever chunks share its batch.
    ///
    /// - Parameters:
    ///   - mel: (count, 96, 64) log-mel, normalised as the model requires; needed by a network with a trunk.
    ///   - wave: (count, 16000) in [-1, 1]; needed by a network with a wave encoder.
    ///   - count: number of chunks, at most `maxBatch`.
    ///   - embeddings: receives (count, `model.embeddingSize`); nil if they are not wanted.
    ///   - scores: receives (count, classes).
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
            let means = model.projection == nil ? combined : pooled
            network.forward(mel, count: count, trunk, digits: sums.pointer, means.pointer, kernels, floats)
            model.projection?.multiply(
                sums.pointer, scales: nil, combined.pointer, outputStride: size, rows: count, .relu, kernels)
        }
        if let network = model.encoder, let encoder {
            guard let wave else { throw InferenceError("the network reads samples and was given none") }
            for start in stride(from: 0, to: count, by: Int8WaveEncoder.group) {
                let group = min(Int8WaveEncoder.group, count - start)
                network.forward(wave + start * LEANShape.samples, count: group, encoder, kernels, floats)
                for chunk in 0..<group {
                    let row = combined.pointer + (start + chunk) * size
                    floats.reduceSteps(
                        encoder.output.pointer + chunk * LEANShape.width, stride: group * LEANShape.width,
                        query: model.metadata.architecture == .lean ? UnsafePointer(row) : nil,
                        scale: model.metadata.attentionScale,
                        model.trunk == nil ? row : row + LEANShape.width)
                }
            }
        }
        embeddings?.update(from: combined.pointer, count: count * size)
        if model.head.form == .sums {
            model.head.multiply(sums.pointer, scales: nil, scores, rows: count, .none, kernels)
        } else {
            kernels.quantizeRows(
                combined.pointer, stride: size, rows: count, columns: size, form: model.head.form, rows.pointer,
                scales: scales.pointer)
            model.head.multiply(rows.pointer, scales: scales.pointer, scores, rows: count, .none, kernels)
        }
        floats.sigmoid(scores, scores, count: count * model.model.classCount)
    }
}
