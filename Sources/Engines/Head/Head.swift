import Models

/// The layers of a head, without its base: from embeddings to scores. They are packed once and shared by any number of
/// workers.
///
/// A chunk's score is the logistic function of the last layer's output for that chunk alone, so a chunk's result never
/// depends on the clip. What joins chunks to a clip is `ClipPooling`.
package final class Head: Sendable {
    package let metadata: HeadMetadata
    private let hidden: PackedMatrix?
    private let output: PackedMatrix
    private let attention: PackedMatrix?

    /// Reads a head's file; its base is neither needed nor looked for.
    ///
    /// - Throws: `ModelError` if anything about the file is wrong; `FileError` if the system has run out of a resource.
    package convenience init(path: String) throws {
        let file = try HeadFile(path: path)
        self.init(metadata: file.metadata, parameters: try file.parameters())
    }

    /// - Parameter parameters: those of `metadata.parameters`, by name.
    package init(metadata: HeadMetadata, parameters: [String: [Float]]) {
        self.metadata = metadata
        let classes = metadata.classes.count
        func dense(_ name: String, _ inputs: Int, _ outputs: Int) -> PackedMatrix {
            PackedMatrix(
                parameters[name + "/w"] ?? [], inputs: inputs, outputs: outputs,
                bias: parameters[name + "/b"] ?? [Float](repeating: 0, count: outputs))
        }
        hidden = metadata.hidden > 0 ? dense("hidden", metadata.embeddingSize, metadata.hidden) : nil
        let inputs = metadata.hidden > 0 ? metadata.hidden : metadata.embeddingSize
        output = dense("output", inputs, classes)
        attention = metadata.pooling == .attention ? dense("attention", inputs, classes) : nil
    }

    package var classCount: Int { metadata.classes.count }
    package var embeddingSize: Int { metadata.embeddingSize }
    package var hasAttention: Bool { attention != nil }

    /// Describes the head as a model that reads embeddings alone: it has no inputs of its own.
    ///
    /// - Parameters:
    ///   - rate: samples per second of the recordings that the embeddings are of.
    ///   - chunk: samples in a chunk.
    package func description(rate: Int, chunk: Int) -> ModelDescription {
        ModelDescription(
            network: metadata.network, precision: "f32", inputs: [], rate: rate, chunk: chunk, frontEnd: nil,
            normalization: metadata.normalization, classes: metadata.classes, classIDs: metadata.identifiers,
            embeddingSize: metadata.embeddingSize, pooling: metadata.pooling)
    }

    /// One worker's memory for the hidden layer.
    package final class Scratch {
        fileprivate let hidden: AlignedFloats
        fileprivate let rows: Int

        /// - Parameter rows: maximum number of chunks in one call.
        package init(_ head: Head, rows: Int) {
            self.rows = rows
            hidden = AlignedFloats(count: rows * head.metadata.hidden)
        }
    }

    /// Computes the scores of chunks; a chunk's are bit-identical whichever chunks share the call.
    ///
    /// - Parameters:
    ///   - embeddings: (count, embedding size).
    ///   - count: number of chunks, at most those of `scratch`.
    ///   - scores: receives (count, classes), each 0 to 1; nil if they are not wanted.
    ///   - weights: receives (count, classes), see `WeighingSession`; nil if they are not wanted, or the head has none.
    package func forward(
        _ embeddings: UnsafePointer<Float>, count: Int, _ scratch: Scratch, scores: UnsafeMutablePointer<Float>?,
        weights: UnsafeMutablePointer<Float>? = nil, _ kernels: Kernels = .best
    ) {
        precondition(count <= scratch.rows, "more chunks than there is memory for")
        var input = embeddings
        if let hidden {
            hidden.multiply(embeddings, scratch.hidden.pointer, rows: count, .relu, kernels)
            input = UnsafePointer(scratch.hidden.pointer)
        }
        if let scores {
            output.multiply(input, scores, rows: count, .none, kernels)
            kernels.sigmoid(scores, scores, count: count * classCount)
        }
        if let weights { attention?.multiply(input, weights, rows: count, .none, kernels) }
    }
}

extension HeadMetadata {
    /// The network's name for figures and messages, such as `yamnet-head`.
    package var network: String { baseName + "-head" }

    /// Ontology ids in the order of the classes; see `ModelMetadata.identifiers`.
    package var identifiers: [String] {
        classIDs.contains { !$0.isEmpty } ? classIDs : AudioSetIdentifiers.known(classes)
    }
}
