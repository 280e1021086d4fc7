import Errors
import Features
import Foundation
import Models

/// A native network that is computed in single precision; its weights are packed once and shared by any number of sessions.
package final class NativeModel: InferenceEngine {
    package let model: ModelDescription
    /// The metadata of its model file.
    package let metadata: ModelMetadata
    /// Number of weights and biases of the architecture, whatever their type on disk.
    package let parameterCount: Int
    let trunk: Trunk?
    let projection: PackedMatrix?
    let encoder: WaveEncoder?
    let head: PackedMatrix

    package var architecture: Architecture { metadata.architecture }
    /// Class names in the order of the scores.
    package var classes: [String] { metadata.classes }
    package var frontEnd: FrontEnd { metadata.frontEnd }
    package var normalization: Normalization { metadata.normalization }
    package var classCount: Int { metadata.classes.count }
    /// Number of values in a chunk's embedding, which is the classifier's input.
    package var embeddingSize: Int { architecture.headInputs }

    /// Reads a model file with F32, F16, BF16 or I8 weights; 8-bit weights are expanded into the packed panels.
    ///
    /// - Throws: `ModelError` if anything about the file is wrong, with the tensor or key and the reason; `FileError`
    ///   if the system has run out of a resource.
    package static func load(path: String) throws -> NativeModel {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        try file.requireClassifier()
        let model = try NativeModel(metadata: file.metadata) { try file.floats($0) }
        try file.checkDigest()
        return model
    }

    /// - Parameter values: returns the values of one parameter, as many as its shape has. It is called once for each
    ///   parameter, so that no second copy of the whole network is made.
    /// - Throws: any error of `values`.
    package init(metadata: ModelMetadata, values: (ParameterShape) throws -> [Float]) throws {
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        self.metadata = metadata
        model = ModelDescription(metadata, precision: .float32)
        parameterCount = layout.count
        (trunk, projection, encoder, head) = try withoutActuallyEscaping(values) { values in
            let source = ParameterSource(layout: layout, values: values)
            let architecture = metadata.architecture
            return (
                architecture.hasTrunk ? try Trunk(source) : nil,
                architecture.hasProjection ? try source.dense("projection") : nil,
                architecture.hasEncoder ? try WaveEncoder(source, scale: metadata.waveScale) : nil,
                try source.dense("head")
            )
        }
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
    package func makeSession(maxBatch: Int, kernels: Kernels) throws -> NativeSession {
        try NativeSession(model: self, maxBatch: maxBatch, kernels: kernels)
    }
}
