import Features
import Models

/// A native network that is computed in 8-bit integers; its weights are packed once, as integers, and shared by any
/// number of sessions.
///
/// A model file with 8-bit weights is used as it is, and one with float weights is rounded as `ModelQuantizer` rounds
/// it, so both give the same bits.
package final class Int8Model: InferenceEngine {
    package let model: ModelDescription
    /// The metadata of its model file.
    package let metadata: ModelMetadata
    let trunk: Int8Trunk?
    let projection: QuantizedMatrix?
    let encoder: Int8WaveEncoder?
    let head: QuantizedMatrix

    /// Number of values in a chunk's embedding, which is the classifier's input.
    package var embeddingSize: Int { metadata.architecture.headInputs }

    /// Reads a model file with weights of any type.
    ///
    /// - Throws: `ModelError` if anything about the file is wrong, with the tensor or key and the reason; `FileError`
    ///   if the system has run out of a resource.
    package static func load(path: String) throws -> Int8Model {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        try file.requireClassifier()
        let model = try Int8Model(
            metadata: file.metadata, floats: { try file.floats($0) }, integers: { try file.quantized($0) })
        try file.checkDigest()
        return model
    }

    /// - Parameters:
    ///   - floats: returns the values of a bias.
    ///   - integers: returns a weight matrix. Both are called once for each parameter, so that no second copy of the
    ///     whole network is made.
    /// - Throws: any error of `floats` and `integers`.
    package init(
        metadata: ModelMetadata, floats: (ParameterShape) throws -> [Float],
        integers: (ParameterShape) throws -> QuantizedTensor
    ) throws {
        let architecture = metadata.architecture
        let layout = ParameterLayout(architecture: architecture, classes: metadata.classes.count)
        self.metadata = metadata
        model = ModelDescription(metadata, precision: .int8)
        (trunk, projection, encoder, head) = try withoutActuallyEscaping(floats) { floats in
            try withoutActuallyEscaping(integers) { integers in
                let source = QuantizedSource(layout: layout, floats: floats, integers: integers)
                let trunk =
                    architecture.hasTrunk ? try Int8Trunk(source, ranges: metadata.activationRanges) : nil
                /// A layer that reads the pooled channels, or floats in two digits, so that nothing is lost before it.
                func dense(_ name: String, readsPooled: Bool) throws -> QuantizedMatrix {
                    QuantizedMatrix(
                        try source.weights(name), bias: try source.bias(name), form: readsPooled ? .sums : .signedPair,
                        inputScale: readsPooled ? trunk?.pooledScale ?? 1 : 1)
                }
                return (
                    trunk,
                    architecture.hasProjection ? try dense("projection", readsPooled: true) : nil,
                    architecture.hasEncoder ? try Int8WaveEncoder(source, scale: metadata.waveScale) : nil,
                    try dense("head", readsPooled: architecture == .yamnet)
                )
            }
        }
    }

    package func makeSession(maxBatch: Int) throws -> any InferenceSession {
        try makeSession(maxBatch: maxBatch, kernels: .best, floats: .best)
    }

    /// Makes a session, with scratch memory for one worker.
    ///
    /// - Parameters:
    ///   - maxBatch: maximum number of chunks in one call of `forward`.
    ///   - kernels: the kernels to use; only tests pass others than the fastest. `floats` likewise, for what stays in
    ///     floats.
    /// - Throws: `InferenceError` if `maxBatch` is less than 1.
    package func makeSession(maxBatch: Int, kernels: Int8Kernels, floats: Kernels) throws -> Int8Session {
        try Int8Session(model: self, maxBatch: maxBatch, kernels: kernels, floats: floats)
    }
}
