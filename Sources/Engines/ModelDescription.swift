import Features
import Models

/// A model's inputs and outputs, whichever engine runs it: enough to know whether it fits before its weights are read.
package struct ModelDescription: Sendable, Equatable {
    /// The network's name, for figures and messages, such as `lean`.
    package let network: String
    /// The arithmetic in which it is computed: `f32` or `int8`; empty if unknown. A file that is described but not
    /// loaded has the arithmetic in which it is stored.
    package let precision: String
    package let inputs: ModelInputs
    /// Samples per second.
    package let rate: Int
    /// Samples in a chunk.
    package let chunk: Int
    /// How its mel frames are computed; nil if it reads only samples.
    package let frontEnd: FrontEnd?
    /// What is subtracted from a patch before the model sees it.
    package let normalization: Normalization
    /// Class names in the order of the scores; none for a model that gives embeddings only.
    package let classes: [String]
    /// Ontology ids in the same order; empty if there are none.
    package let classIDs: [String]
    /// Recommended thresholds by class, 0 to 1; empty if its file has none.
    package let thresholds: [String: Double]
    /// Number of values in a chunk's embedding; 0 if the model produces none.
    package let embeddingSize: Int
    /// Samples from one chunk to the next, as the model's authors use it; nil if any will do. A wish: no model is refused
    /// for another.
    package let hop: Int?
    /// How its chunk scores become a clip's, as it was trained.
    package let pooling: ClipPooling

    package init(
        network: String, precision: String, inputs: ModelInputs, rate: Int, chunk: Int, frontEnd: FrontEnd?,
        normalization: Normalization, classes: [String], classIDs: [String] = [], thresholds: [String: Double] = [:],
        embeddingSize: Int, hop: Int? = nil, pooling: ClipPooling = .mean
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
        self.hop = hop
        self.pooling = pooling
    }

    package var needsMel: Bool { inputs.contains(.mel) }
    package var needsWave: Bool { inputs.contains(.wave) }
    package var classCount: Int { classes.count }
    /// Number of floats in a chunk's patch, frames times bands; 0 if the model reads no mel frames.
    package var patchSize: Int { needsMel ? (frontEnd.map { $0.patchFrames * $0.bands } ?? 0) : 0 }
    /// Number of samples in a chunk; 0 if the model reads no samples.
    package var waveSize: Int { needsWave ? chunk : 0 }
}
