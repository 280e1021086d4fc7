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
