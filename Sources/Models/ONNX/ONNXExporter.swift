import Features
import Files
import Wording

/// Converts model files of this program to ONNX, which other programs and devices run.
package enum ONNXExporter {
    /// What was written.
    package struct Summary: Sendable, Equatable {
        /// Such as `mel (batch, 96, 64)`.
        package let inputs: [String]
        package let outputs: [String]
        /// Size of the file in bytes.
        package let size: Int
    }

    /// Version of ONNX's operators in the files.
    package static let operators = ONNXModel.operators

    /// Exports a model file. The first dimension of every input and output is open: any number of chunks.
    ///
    /// - Parameters:
    ///   - areIntegers: whether weights are 8-bit integers and the trunk's activations are rounded to bytes, as near as
    ///     ONNX comes to the native 8-bit engine. A file with float weights is rounded as `ModelQuantizer` rounds it.
    ///   - hasFrontEnd: whether the graph takes only samples and computes the log-mel patch itself.
    /// - Throws: `ModelError` if the input is not a sound model, or has a front-end that the graph cannot compute;
    ///   `FileError` if the output cannot be written.
    package static func export(
        from input: String, to output: String, areIntegers: Bool, hasFrontEnd: Bool = false
    ) throws -> Summary {
        let file = try ModelFile(path: input)
        try file.checkLayout()
        try file.checkDigest()
        let network = try ONNXNetwork(file, areIntegers: areIntegers, hasFrontEnd: hasFrontEnd)
        let graph = network.graph
        let model = ONNXModel(
            graph: graph, name: file.metadata.architecture.rawValue,
            description: description(file.metadata, graph, areIntegers: areIntegers),
            texts: try texts(of: file, areIntegers: areIntegers))
        let size = try model.write(to: output)
        return Summary(inputs: graph.inputs.map(text), outputs: graph.outputs.map(text), size: size)
    }

    /// Exports a head: alone, from embeddings to scores, or behind its base, as one network. The head's layers are in
    /// single precision, and the base in the arithmetic whose embeddings the head has learned from.
    ///
    /// - Parameters:
    ///   - base: the model file of its base; nil for the head alone.
    ///   - hasFrontEnd: whether the graph takes only samples; of a head with its base.
    /// - Throws: `ModelError` if a file is not sound, or the base is another than the head's; `FileError` if the output
    ///   cannot be written.
    package static func exportHead(
        from input: String, base: String?, to output: String, hasFrontEnd: Bool = false
    ) throws -> Summary {
        let head = try ONNXHead(HeadFile(path: input))
        let metadata = head.metadata
        var texts = try metadata.texts()
        (texts["format"], texts["base_path"], texts["precision"]) = (nil, nil, "float32")
        texts["model"] = try ModelDigest.ofFile(input)
        texts["earmark_version"] = ProgramVersion.number
        var graph = head.graph()
        var chunk = ""
        if let base {
            let file = try self.base(base, of: metadata, input)
            let areIntegers = metadata.basePrecision == "int8"
            graph = try ONNXNetwork(file, areIntegers: areIntegers, hasFrontEnd: hasFrontEnd, head: head).graph
            let frontEnd = file.metadata.frontEnd
            texts["front_end"] = try file.metadata.texts()["front_end"]
            texts["front_end_text"] = frontEnd.description
            texts["precision"] = metadata.basePrecision
            chunk =
                " Chunks of \(frontEnd.chunk) samples at \(frontEnd.rate) Hz. Base: licence \(file.metadata.licence)."
        }
        let values = (graph.inputs + graph.outputs).map { "\(text($0)): \($0.meaning)." }.joined(separator: "\n")
        let model = ONNXModel(
            graph: graph, name: base == nil ? "head" : metadata.baseName + "-head",
            description: "head on \(metadata.baseName), \(counted(metadata.classes.count, "class", "classes")), "
                + "licence \(metadata.licence).\(chunk)\n\(values)",
            texts: texts)
        let size = try model.write(to: output)
        return Summary(inputs: graph.inputs.map(text), outputs: graph.outputs.map(text), size: size)
    }

    /// - Throws: `ModelError` if a head's base is not a sound model file, not the one that the head names, or not one whose
    ///   embeddings the head can read.
    private static func base(_ path: String, of head: HeadMetadata, _ headPath: String) throws -> ModelFile {
        let digest = try ModelDigest.ofScores(path)
        guard digest == head.baseDigest else {
            throw ModelError.file(
                path: headPath,
                reason: "its base is '\(head.baseName)' with digest \(head.baseDigest.prefix(23)), but \(path) has "
                    + "\(digest.prefix(23))")
        }
        let file = try ModelFile(path: path)
        try file.checkLayout()
        try file.checkDigest()
        let (size, normalization) = (file.metadata.architecture.headInputs, file.metadata.normalization)
        guard size == head.embeddingSize, normalization == head.normalization else {
            throw ModelError.file(
                path: headPath,
                reason: "reads embeddings of \(head.embeddingSize) values, patches normalised by "
                    + "\(head.normalization.rawValue), but its base \(path) gives \(size), by "
                    + normalization.rawValue)
        }
        return file
    }

    private static func text(_ value: ONNXGraph.Value) -> String {
        "\(value.name) (batch, \(value.shape.map(String.init).joined(separator: ", ")))"
    }

    private static func description(_ metadata: ModelMetadata, _ graph: ONNXGraph, areIntegers: Bool) -> String {
        let kind = areIntegers ? "8-bit weights and activations" : "single precision"
        let values = (graph.inputs + graph.outputs).map { "\(text($0)): \($0.meaning)." }.joined(separator: "\n")
        return "\(metadata.architecture.rawValue), \(counted(metadata.classes.count, "class", "classes")), \(kind), "
            + "licence \(metadata.licence). Chunks of \(metadata.frontEnd.chunk) samples at \(metadata.frontEnd.rate) Hz.\n"
            + values
    }

    /// The model file's own texts under its own keys, with what the export adds.
    private static func texts(of file: ModelFile, areIntegers: Bool) throws -> [String: String] {
        var texts = try file.metadata.texts()
        texts["format"] = nil
        // Floats have no range.
        if !areIntegers { texts[ModelMetadata.rangesKey] = nil }
        texts["front_end_text"] = file.metadata.frontEnd.description
        texts["precision"] = areIntegers ? "int8" : "float32"
        texts["model"] = try ModelDigest.ofScores(file.path)
        texts["earmark_version"] = ProgramVersion.number
        return texts
    }
}
