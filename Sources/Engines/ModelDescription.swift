import Features

/// What a model needs and gives, whatever runs it: enough to know whether it fits before its weights are read.
package struct ModelDescription: Sendable, Equatable {
    /// The network's name, for figures and messages: `lean`.
    package let network: String
    /// How its weights are stored, for figures: `f32`, `int8`.
    package let precision: String
    package let inputs: ModelInputs
    /// Samples per second.
    package let rate: Int
    /// Samples of a chunk.
    package let chunk: Int
    /// How its mel frames are made; nil where it reads samples alone.
    package let frontEnd: FrontEnd?
    /// What is subtracted from a patch before the model sees it.
    package let normalization: Normalization
    /// Names in the order of the scores.
    package let classes: [String]
    /// Ontology ids in the same order; empty where there are none.
    package let classIDs: [String]
    /// Recommended thresholds by class, 0 to 1; none where its file has none.
    package let thresholds: [String: Double]
    /// Values of a chunk's embedding; 0 where the model gives none.
    package let embeddingSize: Int

    package init(
        network: String, precision: String, inputs: ModelInputs, rate: Int, chunk: Int, frontEnd: FrontEnd?,
        normalization: Normalization, classes: [String], classIDs: [String] = [], thresholds: [String: Double] = [:],
        embeddingSize: Int
    ) {
        self.network = network
        self.precision = precision
        self.inputs = inputs
        self.rate = rate
        self.chunk = chunk
        self.frontEnd = frontEnd
        self.normalization = normalization
        self.classes = classes
        self.classIDs = classIDs
        self.thresholds = thresholds
        self.embeddingSize = embeddingSize
    }

    package var needsMel: Bool { inputs.contains(.mel) }
    package var needsWave: Bool { inputs.contains(.wave) }
    package var classCount: Int { classes.count }
    /// Floats of a chunk's patch, frames times bands; 0 where none is read.
    package var patchSize: Int { needsMel ? (frontEnd.map { $0.patchFrames * $0.bands } ?? 0) : 0 }
    /// Floats of a chunk's samples; 0 where none are read.
    package var waveSize: Int { needsWave ? chunk : 0 }
}
