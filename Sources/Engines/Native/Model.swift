import Features
import Foundation
import Models

/// A network ready to run: its weights packed once, shared by any number of sessions.
package final class Model: Sendable {
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
    package var normalization: ModelNormalization { metadata.normalization }
    package var classCount: Int { metadata.classes.count }
    /// True where `Session.forward` reads log-mel patches.
    package var needsMel: Bool { architecture.hasTrunk }
    /// True where `Session.forward` reads the raw second.
    package var needsWave: Bool { architecture.hasEncoder }
    /// Values of a chunk's embedding: what the classifier sees.
    package var embeddingSize: Int { architecture.headInputs }

    /// Reads a model file with F32, F16, BF16 or I8 weights; 8-bit weights are expanded into the packed panels.
    ///
    /// - Throws: `NetworkError` when anything about the file is wrong: one line with the tensor or key, and why.
    package static func load(path: String) throws -> Model {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        let model = try Model(metadata: file.metadata) { try file.floats($0) }
        try file.checkDigest()
        return model
    }

    /// - Parameter values: gives the values of one parameter, as many as its shape has; called once for each, so that no
    ///   second copy of the whole network is made.
    /// - Throws: what `values` throws.
    package init(metadata: ModelMetadata, values: (ParameterShape) throws -> [Float]) throws {
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        self.metadata = metadata
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

    /// Scratch memory for one worker.
    ///
    /// - Parameters:
    ///   - maxBatch: most chunks of one call of `forward`.
    ///   - kernels: another instruction set than the fastest, for tests.
    package func makeSession(maxBatch: Int = 64, kernels: Kernels = .best) -> Session {
        Session(model: self, maxBatch: maxBatch, kernels: kernels)
    }
}
