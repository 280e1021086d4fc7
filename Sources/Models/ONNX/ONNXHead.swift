/// The layers of a head as a part of an ONNX graph, from the embeddings of its base to scores.
///
/// They are in single precision always, as a head's file is. Names are those of the head's parameters: `output/w`.
struct ONNXHead {
    let metadata: HeadMetadata
    private let parameters: [String: [Float]]

    /// - Throws: `ModelError` if the head's file is wrong.
    init(_ file: HeadFile) throws {
        metadata = file.metadata
        parameters = try file.parameters()
    }

    /// A graph of the head alone, whose input is `embeddings`.
    func graph() -> ONNXGraph {
        var graph = ONNXGraph()
        graph.input(
            ONNXGraph.Value(
                name: "embeddings", shape: [metadata.embeddingSize],
                meaning: "embeddings of \(metadata.baseName), \(metadata.baseDigest), in \(metadata.basePrecision)"))
        add(to: &graph)
        return graph
    }

    /// Adds the layers and their outputs to a graph that has `embeddings` (batch, size).
    func add(to graph: inout ONNXGraph) {
        let classes = metadata.classes.count
        var input = "embeddings"
        if metadata.hidden > 0 {
            let sum = dense("hidden", input, in: &graph)
            input = graph.add("Relu", [sum], to: "hidden")
        }
        let logits = dense("output", input, in: &graph)
        graph.add("Sigmoid", [logits], to: "scores")
        graph.output(
            ONNXGraph.Value(
                name: "scores", shape: [classes],
                meaning: "one score for each class, 0 to 1, each by itself; the metadata 'classes' names them, and "
                    + "'pooling' says what makes one of a clip's (\(metadata.pooling.rawValue))"))
        guard metadata.pooling == .attention else { return }
        let matrix = constant("attention/w", in: &graph)
        graph.add("MatMul", [input, matrix], to: "weights")
        graph.output(
            ONNXGraph.Value(
                name: "weights", shape: [classes],
                meaning: "a class's score for a clip is the mean of its chunks' scores, weighted by the softmax of "
                    + "these over the clip's chunks"))
    }

    private func dense(_ layer: String, _ input: String, in graph: inout ONNXGraph) -> String {
        let (matrix, bias) = (constant(layer + "/w", in: &graph), constant(layer + "/b", in: &graph))
        return graph.add("Gemm", [input, matrix, bias], to: layer + "/sum")
    }

    private func constant(_ name: String, in graph: inout ONNXGraph) -> String {
        let shape = metadata.parameters.first { $0.name == name }?.shape ?? []
        return graph.constant(ONNXTensor(name, shape) { parameters[name] ?? [] })
    }
}
