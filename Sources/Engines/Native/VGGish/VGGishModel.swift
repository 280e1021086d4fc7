import Errors
import Features
import Models

/// VGGish with the last steps of one of its releases; its weights are packed once and shared by any number of sessions.
///
/// Its result is the embedding: it has no classes, and a session writes no scores.
package final class VGGishModel: InferenceEngine {
    package let model: ModelDescription
    let network: VGGishNetwork
    /// The whitening; nil if the embedding stays as it is.
    let whitening: PackedMatrix?
    let release: VGGishRelease

    /// Reads a model file.
    ///
    /// - Throws: `ModelError` if anything about the file is wrong, with the tensor or key and the reason, or another
    ///   precision than `float32` is asked for; `FileError` if the system has run out of a resource.
    package static func load(path: String, precision: Precision = .float32) throws -> VGGishModel {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        guard precision == .float32 else {
            throw ModelError.metadata(
                path: path, key: "architecture",
                reason: "'\(file.metadata.architecture.rawValue)' is computed in float32 only: found precision "
                    + "'\(precision.rawValue)', expected 'auto' or 'float32'")
        }
        let made = try VGGishModel(metadata: file.metadata) { try file.floats($0) }
        try file.checkDigest()
        return made
    }

    /// - Parameters:
    ///   - metadata: of a VGGish.
    ///   - shape: the network's sizes; only tests have others than the standard.
    ///   - values: returns the values of one parameter, as many as its shape has. It is called once for each parameter, so
    ///     that no second copy of the whole network is made.
    /// - Throws: any error of `values`.
    package init(
        metadata: ModelMetadata, shape: VGGishShape = .standard, values: (ParameterShape) throws -> [Float]
    ) throws {
        precondition(metadata.architecture.isVGGish, "weights of another network")
        model = ModelDescription(metadata, precision: .float32)
        release = metadata.release
        network = try VGGishNetwork(shape, values: values)
        let size = shape.embedding
        whitening =
            metadata.architecture == .vggishPCA
            ? PackedMatrix(
                try values(ParameterShape("pca/w", [size, size])), inputs: size, outputs: size,
                bias: try values(ParameterShape("pca/b", [size]))) : nil
    }

    package func makeSession(maxBatch: Int) throws -> any InferenceSession {
        try makeSession(maxBatch: maxBatch, kernels: .best)
    }

    /// Makes a session, with scratch memory for one worker.
    ///
    /// - Parameters:
    ///   - maxBatch: maximum number of chunks in one call of `forward`.
    ///   - kernels: the kernels to use; only tests pass others than the fastest.
    /// - Throws: `InferenceError` if `maxBatch` is less than 1.
    package func makeSession(maxBatch: Int, kernels: Kernels) throws -> VGGishSession {
        try VGGishSession(model: self, maxBatch: maxBatch, kernels: kernels)
    }
}

/// A session of VGGish: one worker's memory, not to be shared between threads. `forward` allocates nothing.
package final class VGGishSession: InferenceSession {
    private let model: VGGishModel
    private let maxBatch: Int
    private let kernels: Kernels
    private let scratch: VGGishNetwork.Scratch
    /// The embedding, and the whitened one, (maxBatch, embedding).
    private let made: AlignedFloats
    private let whitened: AlignedFloats?

    /// - Throws: `InferenceError` if `maxBatch` is less than 1.
    init(model: VGGishModel, maxBatch: Int, kernels: Kernels) throws {
        guard maxBatch > 0 else { throw InferenceError("a session of \(maxBatch) chunks, expected at least 1") }
        self.model = model
        self.maxBatch = maxBatch
        self.kernels = kernels
        scratch = VGGishNetwork.Scratch(model.network, maxBatch: maxBatch)
        let size = maxBatch * model.network.shape.embedding
        made = AlignedFloats(count: size)
        whitened = model.whitening == nil ? nil : AlignedFloats(count: size)
    }

    /// Computes the embeddings of chunks. A chunk's are bit-identical whichever chunks share its batch.
    ///
    /// - Parameters:
    ///   - mel: (count, 96, 64) log-mel.
    ///   - wave: not read.
    ///   - count: number of chunks, at most `maxBatch`.
    ///   - embeddings: receives (count, 128), whole numbers of 0 to 255 if they are quantised; nil if they are not wanted.
    ///   - scores: not written, as there are no classes.
    /// - Throws: `InferenceError` if the log-mel is missing or there are too many chunks.
    package func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws {
        guard count <= maxBatch else { throw InferenceError("\(count) chunks in a session of \(maxBatch)") }
        guard count > 0 else { return }
        guard let mel else { throw InferenceError("the network reads log-mel and was given none") }
        model.network.forward(
            mel, count: count, scratch, made.pointer, last: model.release == .torchvggish ? .relu : .none, kernels)
        let values = count * model.network.shape.embedding
        guard let whitening = model.whitening, let whitened else {
            embeddings?.update(from: made.pointer, count: values)
            return
        }
        whitening.multiply(made.pointer, whitened.pointer, rows: count, .none, kernels)
        guard let embeddings else { return }
        for place in 0..<values { embeddings[place] = model.release.quantised(whitened.pointer[place]) }
    }
}
