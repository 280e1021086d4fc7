import Errors
import Features
import Foundation
import Models

/// A network of this program ready to run: its weights packed once, shared by any number of sessions.
package final class NativeModel: InferenceEngine {
    package let model: ModelDescription
    /// What its file says of it.
    package let metadata: ModelMetadata
    /// Weights and biases of the architecture, whatever their type on disk.
    package let parameterCount: Int
    let trunk: Trunk?
    let projection: PackedMatrix?
    let encoder: WaveEncoder?
    let head: PackedMatrix

    package var architecture: Architecture { metadata.architecture }
    /// Names in the order of the scores.
    package var classes: [String] { metadata.classes }
    package var frontEnd: FrontEnd { metadata.frontEnd }
    package var normalization: Normalization { metadata.normalization }
    package var classCount: Int { metadata.classes.count }
    /// Values of a chunk's embedding: what the classifier sees.
    package var embeddingSize: Int { architecture.headInputs }

    /// Reads a model file with F32, F16, BF16 or I8 weights; 8-bit weights are expanded into the packed panels.
    ///
    /// - Throws: `ModelError` when anything about the file is wrong: one line with the tensor or key, and why.
    package static func load(path: String) throws -> NativeModel {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        let model = try NativeModel(metadata: file.metadata, isQuantized: file.isQuantized) { try file.floats($0) }
        try file.checkDigest()
        return model
    }

    /// - Parameters:
    ///   - isQuantized: whether the weights came as 8-bit integers.
    ///   - values: gives the values of one parameter, as many as its shape has; called once for each, so that no second copy of the
    ///     whole network is made.
    /// - Throws: what `values` throws.
    package init(metadata: ModelMetadata, isQuantized: Bool = false, values: (ParameterShape) throws -> [Float]) throws
    {
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        self.metadata = metadata
        model = ModelDescription(metadata, isQuantized: isQuantized)
        parameterCount = layout.count
        (trunk, projection, encoder, head) = try withoutActuallyEscaping(values) { values in
            let source = ParameterSource(layout: layout, values: values)
            let architecture = metadata.architecture
            return (
                architecture.hasTrunk ? try Trunk(source) : nil,
                architecture.hasProjection ? try source.dense("projection") : nil,
                architecture.hasEncoder ? try WaveEncoder(source) : nil,
                try source.dense("head")
            )
        }
    }

    package func makeSession(maxBatch: Int) throws -> any InferenceSession {
        try makeSession(maxBatch: maxBatch, kernels: .best)
    }

    /// Scratch memory for one worker.
    ///
    /// - Parameters:
    ///   - maxBatch: most chunks of one call of `forward`.
    ///   - kernels: another instruction set than the fastest, for tests.
    /// - Throws: `InferenceError` where there is no room for even one chunk.
    package func makeSession(maxBatch: Int, kernels: Kernels) throws -> NativeSession {
        try NativeSession(model: self, maxBatch: maxBatch, kernels: kernels)
    }
}
