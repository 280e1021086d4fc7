import Features

/// A network as an ONNX graph: the same layers in the same order as in the native engine.
///
/// A name of the graph is that of the layer: `pw3` is the output of the third pointwise convolution, `pw3/w` its weights.
/// Images are (batch, channels, frames, bands) here, as ONNX's convolutions take them.
struct ONNXNetwork {
    private(set) var graph = ONNXGraph()
    private let weights: ONNXWeights
    private let metadata: ModelMetadata

    /// Builds the graph of a model file whose layout has been checked.
    ///
    /// - Parameters:
    ///   - areIntegers: whether it computes in 8-bit integers where the native 8-bit engine does.
    ///   - hasFrontEnd: whether it computes the log-mel patch from samples itself.
    ///   - head: what takes the place of the network's own classifier; nil for that.
    /// - Throws: `ModelError` if a weight is wrong, or the front-end is one that the graph cannot compute.
    init(_ file: ModelFile, areIntegers: Bool, hasFrontEnd: Bool, head: ONNXHead? = nil) throws {
        weights = ONNXWeights(file: file, areIntegers: areIntegers)
        metadata = file.metadata
        let architecture = metadata.architecture
        let isJoined = architecture.hasTrunk && architecture.hasEncoder
        var parts: [String] = []
        if architecture.hasTrunk {
            if hasFrontEnd {
                graph.input(Self.wave(metadata.frontEnd.span, metadata.frontEnd))
                try ONNXFrontEnd(metadata, path: file.path).add(to: &graph)
            } else {
                graph.input(Self.patch(metadata))
            }
            let pooled = try addTrunk(to: architecture.hasProjection ? "pooled" : "embeddings")
            parts.append(
                architecture.hasProjection
                    ? try addProjection(pooled, to: isJoined ? "projection" : "embeddings") : pooled)
        }
        if architecture.hasEncoder {
            if !graph.inputs.contains(where: { $0.name == "wave" }) {
                graph.input(Self.wave(LEANShape.samples, metadata.frontEnd))
            }
            parts.append(
                try addEncoder(
                    query: architecture == .lean ? parts.first : nil, to: isJoined ? "encoder" : "embeddings"))
        }
        if isJoined { graph.add("Concat", parts, to: "embeddings", ["axis": .integer(1)]) }
        if let head { head.add(to: &graph) } else { try addClassifier() }
        graph.output(
            ONNXGraph.Value(
                name: "embeddings", shape: [architecture.headInputs], meaning: "what the classifier reads"))
    }

    private mutating func addClassifier() throws {
        let matrix = try weights.matrix("head/w", in: &graph)
        let bias = weights.bias("head/b", of: ["head/b"], shape: [metadata.classes.count], in: &graph)
        let logits = graph.add("Gemm", ["embeddings", matrix, bias], to: "head")
        graph.add("Sigmoid", [logits], to: "scores")
        graph.output(
            ONNXGraph.Value(
                name: "scores", shape: [metadata.classes.count],
                meaning: "one score for each class, 0 to 1, each by itself; the metadata 'classes' names them"))
    }

    private static func wave(_ samples: Int, _ frontEnd: FrontEnd) -> ONNXGraph.Value {
        ONNXGraph.Value(
            name: "wave", shape: [samples],
            meaning: "\(samples) samples at \(frontEnd.rate) Hz, mono, -1 to 1; a shorter end is filled with zeros")
    }

    private static func patch(_ metadata: ModelMetadata) -> ONNXGraph.Value {
        let normalization =
            switch metadata.normalization {
            case .none: "nothing subtracted"
            case .chunkMean: "less the mean of the whole patch"
            case .bandMean: "less each band's mean over the frames"
            }
        return ONNXGraph.Value(
            name: "mel", shape: [YAMNetShape.frames, YAMNetShape.bands],
            meaning: "log-mel (frames, bands), \(normalization) (\(metadata.normalization.rawValue)); "
                + metadata.frontEnd.description)
    }

    // MARK: The trunk

    /// Adds the layers from `mel` (batch, 96, 64) to the pooled channels (batch, 1024).
    private mutating func addTrunk(to output: String) throws -> String {
        let channel = graph.integers([1])
        var image = graph.add("Unsqueeze", ["mel", channel], to: "image")
        var (height, width) = (YAMNetShape.frames, YAMNetShape.bands)
        func convolve(
            _ name: String, inputs: Int, outputs: Int, kernel: Int, stride: Int, groups: Int
        ) throws {
            image = try addConvolution(
                name, image, shape: [outputs, inputs / groups, kernel, kernel], stride: stride, groups: groups,
                pads: Self.padding(height, kernel, stride) + Self.padding(width, kernel, stride))
            (height, width) = ((height + stride - 1) / stride, (width + stride - 1) / stride)
        }
        try convolve("conv", inputs: 1, outputs: YAMNetShape.firstChannels, kernel: 3, stride: 2, groups: 1)
        for (index, block) in YAMNetShape.blocks.enumerated() {
            let channels = block.inputs
            try convolve(
                "dw\(index + 1)", inputs: channels, outputs: channels, kernel: 3, stride: block.stride, groups: channels
            )
            try convolve(
                "pw\(index + 1)", inputs: channels, outputs: block.outputs, kernel: 1, stride: 1, groups: 1)
        }
        let mean = graph.add("GlobalAveragePool", [image], to: "mean")
        return graph.add("Flatten", [mean], to: output)
    }

    /// Zeros before and after an axis by TensorFlow's rule for SAME padding, which puts an odd one at the end.
    private static func padding(_ size: Int, _ kernel: Int, _ stride: Int) -> [Int] {
        let total = max(0, ((size + stride - 1) / stride - 1) * stride + kernel - size)
        return [total / 2, total - total / 2]
    }

    /// Adds a convolution with ReLU6.
    ///
    /// - Parameters:
    ///   - shape: of the weights: (outputs, inputs of a group, rows, columns).
    ///   - pads: zeros above, below, left and right.
    private mutating func addConvolution(
        _ name: String, _ input: String, shape: [Int], stride: Int, groups: Int, pads: [Int]
    ) throws -> String {
        let matrix = try weights.transposed("\(name)/w", of: ["\(name)/w"], shape: shape, in: &graph)
        let bias = weights.bias("\(name)/b", of: ["\(name)/b"], shape: [shape[0]], in: &graph)
        let sum = graph.add(
            "Conv", [input, matrix, bias], to: "\(name)/sum",
            [
                "group": .integer(groups), "kernel_shape": .integers([shape[2], shape[3]]),
                "pads": .integers([pads[0], pads[2], pads[1], pads[3]]), "strides": .integers([stride, stride]),
            ])
        if weights.areIntegers, YAMNetShape.byteLayers.contains(name) { return addBytes(name, sum) }
        let limits = [graph.number("zero", 0), graph.number("six", 6)]
        return graph.add("Clip", [sum] + limits, to: name)
    }

    /// Rounds a layer's output to bytes that stand for 0 to the layer's largest value; the limits of the bytes are those
    /// of ReLU6.
    ///
    /// Bytes are signed, with -128 for 0 and 255 steps. The native engine has 127 steps, because products of 7 bits suit
    /// its kernels. With those steps ONNX Runtime 1.32 makes no integer convolution of what lies between two roundings,
    /// and takes three times as long. Unsigned bytes were rejected: its kernels for processors without VNNI add products
    /// of an unsigned and a signed byte in 16 bits, which overflow.
    private mutating func addBytes(_ name: String, _ sum: String) -> String {
        let zero = graph.constant(ONNXTensor("bytes/zero", .int8, []) { [UInt8(bitPattern: -128)] })
        let scale = graph.number("\(name)/scale", (metadata.activationRanges[name] ?? 6) / 255)
        let bytes = graph.add("QuantizeLinear", [sum, scale, zero], to: "\(name)/bytes")
        return graph.add("DequantizeLinear", [bytes, scale, zero], to: name)
    }

    /// Adds the projection from (batch, 1024) to (batch, 256), with ReLU.
    private mutating func addProjection(_ pooled: String, to output: String) throws -> String {
        let matrix = try weights.matrix("projection/w", in: &graph)
        let bias = weights.bias("projection/b", of: ["projection/b"], shape: [LEANShape.width], in: &graph)
        let sum = graph.add("Gemm", [pooled, matrix, bias], to: "projection/sum")
        return graph.add("Relu", [sum], to: output)
    }

    // MARK: The wave encoder

    /// Adds the layers from `wave` (batch, 16000) to one vector (batch, 256) for each chunk: the mean of the encoder's
    /// outputs, or what an attention makes of them whose query (batch, 256) is given.
    private mutating func addEncoder(query: String?, to output: String) throws -> String {
        let (steps, width) = (LEANShape.steps, LEANShape.width)
        // A size of 0 stands for that of the input.
        let windowShape = graph.integers([0, steps, LEANShape.window])
        let outputShape = graph.integers([0, 0, width])
        let windows = graph.add("Reshape", [addWaveScale(), windowShape], to: "windows")
        // ONNX's recurrent layers take (steps, batch, values).
        let inOrder = graph.add("Transpose", [windows], to: "windows/steps", ["perm": .integers([1, 0, 2])])
        let first = try addLSTM(1, inOrder, inputs: LEANShape.window)
        let beside = graph.add("Transpose", [first], to: "encoder1/steps", ["perm": .integers([0, 2, 1, 3])])
        let joined = graph.add("Reshape", [beside, outputShape], to: "encoder1")
        let second = try addLSTM(2, joined, inputs: width)
        let chunks = graph.add("Transpose", [second], to: "encoder2/chunks", ["perm": .integers([2, 0, 1, 3])])
        let heard = graph.add("Reshape", [chunks, outputShape], to: "encoder2")
        guard let query else {
            return graph.add("ReduceMean", [heard], to: output, ["axes": .integers([1]), "keepdims": .integer(0)])
        }
        let axis = graph.integers([1])
        let row = graph.add("Unsqueeze", [query, axis], to: "attention/query")
        let keys = graph.add("Transpose", [heard], to: "attention/keys", ["perm": .integers([0, 2, 1])])
        let products = graph.add("MatMul", [row, keys], to: "attention/products")
        let scale = graph.number("attention/scale", metadata.attentionScale)
        let scaled = graph.add("Mul", [products, scale], to: "attention/scaled")
        let shares = graph.add("Softmax", [scaled], to: "attention/shares", ["axis": .integer(2)])
        let context = graph.add("MatMul", [shares, heard], to: "attention/context")
        return graph.add("Squeeze", [context, axis], to: output)
    }

    /// Adds what the encoder does to `wave` (batch, 16000) first: nothing, or dividing each chunk by its root mean square.
    private mutating func addWaveScale() -> String {
        guard metadata.waveScale == .rms else { return "wave" }
        let squares = graph.add("Mul", ["wave", "wave"], to: "wave/squares")
        let mean = graph.add(
            "ReduceMean", [squares], to: "wave/power", ["axes": .integers([1]), "keepdims": .integer(1)])
        let level = graph.add("Sqrt", [mean], to: "wave/level")
        let floor = graph.number("wave/floor", Float(WaveScale.floor))
        let divisor = graph.add("Max", [level, floor], to: "wave/divisor")
        return graph.add("Div", ["wave", divisor], to: "wave/scaled")
    }

    /// Adds a bidirectional layer from (steps, batch, inputs) to (steps, 2, batch, 128).
    private mutating func addLSTM(_ level: Int, _ input: String, inputs: Int) throws -> String {
        let name = "encoder\(level)"
        let gates = LEANShape.gates
        let matrix = try addDirections(name, "w", inputs: inputs)
        let recurrent = try addDirections(name, "u", inputs: LEANShape.hidden)
        let bias = weights.bias(
            "\(name)/b", of: ["\(name)/forward/b", "\(name)/backward/b"], shape: [2, gates], order: .gates, in: &graph)
        // ONNX has a second bias, for what is fed back.
        let biasShape = graph.integers([2, gates])
        let none = graph.add("ConstantOfShape", [biasShape], to: "\(name)/b/none")
        let both = graph.add("Concat", [bias, none], to: "\(name)/b/both", ["axis": .integer(1)])
        return graph.add(
            "LSTM", [input, matrix, recurrent, both], to: "\(name)/directions",
            ["direction": .text("bidirectional"), "hidden_size": .integer(LEANShape.hidden)])
    }

    /// Adds a matrix of both directions of a layer: (2, 512, inputs).
    private mutating func addDirections(_ layer: String, _ kind: String, inputs: Int) throws -> String {
        let name = "\(layer)/\(kind)"
        let parts = ["\(layer)/forward/\(kind)", "\(layer)/backward/\(kind)"]
        let shape = [2, LEANShape.gates, inputs]
        guard weights.areIntegers else {
            return try weights.transposed(name, of: parts, shape: shape, order: .gates, in: &graph)
        }
        // There can be one scale for each row of a matrix, but not for each row of several.
        let rows = try weights.transposed(
            name, of: parts, shape: [2 * LEANShape.gates, inputs], order: .gates, in: &graph)
        let directions = graph.integers(shape)
        return graph.add("Reshape", [rows, directions], to: "\(name)/directions")
    }
}
