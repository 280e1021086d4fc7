import Features

/// A model card: what a file of another program's format holds, and how it is to be run. A YAML file beside the model.
///
/// Enough is in it to describe the model without the engine that runs it. Nothing in it is trusted: files are named by
/// plain names in the card's own folder, and what is said of tensors is compared with the graph when it is loaded.
package struct ModelCard: Sendable, Equatable {
    /// A file beside the card.
    package struct File: Sendable, Equatable {
        /// Its name, without a folder.
        package let name: String
        /// 64 lower-case hexadecimal digits; nil if the card does not say.
        package let sha256: String?
        /// Where it is published; nil if the card does not say.
        package let address: String?
        /// The line that names it.
        package let line: Int
    }

    /// What the model reads for each chunk.
    package struct Input: Sendable, Equatable {
        /// The kind of rows that a chunk is.
        package enum Rows: String, Sendable, CaseIterable { case wave, mel }

        package let rows: Rows
        /// The tensor's name; nil if it is the graph's only input.
        package let tensor: String?
        package let layout: [CardAxis]
        /// Samples per second.
        package let rate: Int
        /// Samples in a chunk.
        package let chunk: Int
        /// Samples from one chunk to the next, as the model's authors use it.
        package let hop: Int
        /// How its mel frames are computed; nil if it reads samples.
        package let frontEnd: FrontEnd?
        package let normalization: Normalization
        /// Whether a chunk's mean is subtracted from its samples.
        package let removesMean: Bool
        /// The magnitude to which a chunk's loudest sample is brought, after its mean is removed; nil for as it is.
        package let peak: Float?
        /// A value x is given to the graph as x * scale + offset.
        package let scale: Float
        package let offset: Float
        /// Chunks in one call, where the graph leaves it open; nil for one.
        package let batch: Int?
        /// The line of the key `input`.
        package let line: Int

        /// Values of one chunk.
        package var size: Int { frontEnd.map { $0.patchFrames * $0.bands } ?? chunk }
    }

    /// What is made of the values of a tensor to get scores of 0 to 1.
    package enum Activation: String, Sendable, CaseIterable {
        /// The graph gives scores.
        case none
        /// The graph gives logits of classes that do not exclude each other.
        case sigmoid
        /// The graph gives logits of classes that exclude each other.
        case softmax
    }

    /// How the values of several frames become those of their chunk.
    package enum Pooling: String, Sendable, CaseIterable { case mean, max }

    /// A tensor that the model gives.
    package struct Output: Sendable, Equatable {
        /// Its name; nil if it is the graph's only output.
        package let tensor: String?
        package let layout: [CardAxis]
        /// Applied to each frame's values, before they are pooled.
        package let activation: Activation
        /// nil if the tensor has no axis `frames`.
        package let pooling: Pooling?
        /// Values for each chunk.
        package let size: Int
        /// The line of its key.
        package let line: Int
    }

    /// The card's own path.
    package let path: String
    package let name: String
    /// What the model is, in a few words; empty if the card does not say.
    package let summary: String
    /// Licence of the weights, as an SPDX expression if it has one.
    package let licence: String
    /// Where the weights come from, in words; empty if the card does not say.
    package let source: String
    /// How to get the file, in words; empty if the card does not say.
    package let obtain: String
    /// The engine that is to run it, and the line; nil if any may that reads the file.
    package let engine: Engine?
    package let file: File
    /// Its size in bytes; nil if the card does not say.
    package let bytes: Int?
    /// The line of the key `bytes`.
    let bytesLine: Int?
    /// The files that the model's file reads: external data of ONNX, or the weights of OpenVINO's format.
    package let data: [File]
    package let input: Input
    /// nil for a model that gives embeddings alone.
    package let scores: Output?
    package let embeddings: Output?
    /// Class names in the order of the scores; empty without scores.
    package let classes: [String]
    /// Identifiers in the same order; empty if there are none.
    package let classIDs: [String]
    /// The file that the classes were read from; nil if they stand in the card.
    package let classFile: File?
    /// Suggested thresholds by class, 0 to 1.
    package let thresholds: [String: Double]

    /// An engine's name, and where the card has it.
    package struct Engine: Sendable, Equatable {
        package let name: String
        package let line: Int
    }

    /// Whether a path is that of a card, by its ending.
    package static func isCard(_ path: String) -> Bool {
        let path = path.lowercased()
        return endings.contains { path.hasSuffix($0) }
    }

    /// The endings of a card's name.
    static let endings = [".yaml", ".yml"]
    /// The largest number of values of a chunk or of a batch that is given to a graph, and of a tensor that it returns: 1
    /// GiB of them.
    package static let mostValues = 1 << 28
}
