import Features
import Models

/// A graph compared with the card that describes it: the shapes in which it is run, and where in its tensors the values
/// are.
struct CardFit {
    /// One tensor that is read after each call.
    struct Output {
        /// Its place among the graph's outputs.
        let place: Int
        let card: ModelCard.Output
        let view: TensorView
    }

    /// Chunks that the input has room for.
    let batch: Int
    let inputShape: [Int]
    let input: TensorView
    let scores: Output?
    let embeddings: Output?

    /// - Throws: `ModelError.line` in the card if the graph is another than the card says, with what each has;
    ///   `ForeignEngineError` if the graph does not take the shapes.
    init(card: ModelCard, graph: any ForeignGraph) throws {
        let read = try Self.input(card, graph)
        batch = read.batch
        inputShape = read.shape
        input = TensorView(layout: card.input.layout, shape: read.shape)
        let shapes = try graph.makeRunner(inputShapes: [read.shape]).outputShapes
        guard shapes.count == graph.outputs.count else {
            throw Self.error(
                card, card.input.line, "the engine gives \(shapes.count) shapes for \(graph.outputs.count) outputs")
        }
        func fit(_ output: ModelCard.Output?, _ name: String) throws -> Output? {
            try output.map { try Self.output($0, name, card, graph, shapes, batch: read.batch) }
        }
        scores = try fit(card.scores, "scores")
        embeddings = try fit(card.embeddings, "embeddings")
    }

    private static func error(_ card: ModelCard, _ line: Int, _ reason: String) -> ModelError {
        .line(path: card.path, line: line, reason: reason)
    }

    /// The types of values that a tensor may hold. Of TensorFlow Lite's quantised integers engines know the scale.
    private static func elements(
        _ card: ModelCard, besides: [ForeignTensor.Element]
    ) -> [ForeignTensor.Element] {
        let isQuantizable = card.file.name.lowercased().hasSuffix(".tflite")
        return [.float32, .float16] + besides + (isQuantizable ? [.int8, .uint8, .int16] : [])
    }

    private static func list(_ tensors: [ForeignTensor]) -> String {
        tensors.prefix(8).map { "'\($0.name)'" }.joined(separator: ", ") + (tensors.count > 8 ? ", ..." : "")
    }

    private static func text(_ shape: [Int?]) -> String {
        "[" + shape.map { $0.map { "\($0)" } ?? "?" }.joined(separator: ", ") + "]"
    }

    private static func input(_ card: ModelCard, _ graph: any ForeignGraph) throws -> (batch: Int, shape: [Int]) {
        let wanted = card.input
        func wrong(_ reason: String) -> ModelError { error(card, wanted.line, reason) }
        if let name = wanted.tensor, !graph.inputs.contains(where: { $0.name == name }) {
            throw wrong("the card's input is '\(name)', but the graph reads \(list(graph.inputs))")
        }
        guard graph.inputs.count == 1, let tensor = graph.inputs.first else {
            throw wrong(
                "the graph reads \(graph.inputs.isEmpty ? "no tensor" : list(graph.inputs)), expected the one input of "
                    + "the card" + (wanted.tensor.map { ", '\($0)'" } ?? ""))
        }
        guard elements(card, besides: [.int16, .int32]).contains(tensor.element) else {
            throw wrong(
                "the graph's input '\(tensor.name)' holds \(tensor.element.rawValue), expected float32, float16, int16 or "
                    + "int32")
        }
        let declared = "the graph's input '\(tensor.name)' has the shape \(text(tensor.shape)), the card's "
        guard tensor.shape.count == wanted.layout.count else { throw wrong(declared + wanted.layout.text) }
        var batch = 1
        var shape: [Int] = []
        for (axis, length) in zip(wanted.layout, tensor.shape) {
            let expected: Int
            switch axis {
            case .samples: expected = wanted.chunk
            case .frames: expected = wanted.frontEnd?.patchFrames ?? 0
            case .bands: expected = wanted.frontEnd?.bands ?? 0
            case .one, .classes, .size: expected = 1
            case .batch:
                expected = wanted.batch ?? length ?? 1
                guard (1...1024).contains(expected) else {
                    throw wrong(declared + "\(wanted.layout.text): a batch of \(expected), expected 1 to 1024")
                }
                batch = expected
            }
            guard length == nil || length == expected else {
                throw wrong(
                    declared + "\(wanted.layout.text): found \(length.map { "\($0)" } ?? "?") for '\(axis.rawValue)', "
                        + "expected \(expected)")
            }
            shape.append(expected)
        }
        let (values, isTooMany) = wanted.size.multipliedReportingOverflow(by: batch)
        guard !isTooMany, values <= ModelCard.mostValues else {
            throw wrong("\(batch) chunks of \(wanted.size) values, expected at most \(ModelCard.mostValues) values")
        }
        return (batch, shape)
    }

    private static func output(
        _ wanted: ModelCard.Output, _ name: String, _ card: ModelCard, _ graph: any ForeignGraph, _ shapes: [[Int]],
        batch: Int
    ) throws -> Output {
        func wrong(_ reason: String) -> ModelError { error(card, wanted.line, reason) }
        let place: Int
        if let tensor = wanted.tensor {
            guard let found = graph.outputs.firstIndex(where: { $0.name == tensor }) else {
                throw wrong("the card's \(name) are '\(tensor)', but the graph gives \(list(graph.outputs))")
            }
            place = found
        } else {
            guard graph.outputs.count == 1 else {
                throw wrong(
                    "the graph gives \(list(graph.outputs)), expected that the card names the 'tensor' of its \(name)")
            }
            place = 0
        }
        let tensor = graph.outputs[place]
        guard elements(card, besides: []).contains(tensor.element) else {
            throw wrong(
                "the graph's output '\(tensor.name)' holds \(tensor.element.rawValue), expected float32 or float16")
        }
        let shape = shapes[place]
        let found = "the graph's output '\(tensor.name)' has the shape \(text(shape)), the card's \(wanted.layout.text)"
        guard shape.count == wanted.layout.count else { throw wrong(found) }
        var count = 1
        for (axis, length) in zip(wanted.layout, shape) {
            let expected: Int? =
                switch axis {
                case .batch: batch
                case .classes, .size: wanted.size
                case .one: 1
                default: nil
                }
            guard length > 0, expected == nil || length == expected else {
                throw wrong(
                    "\(found): found \(length) for '\(axis.rawValue)', expected \(expected ?? 1)"
                        + (axis == .classes ? ", the number of the card's classes" : expected == nil ? " or more" : ""))
            }
            let (product, isTooMany) = count.multipliedReportingOverflow(by: length)
            guard !isTooMany, product <= ModelCard.mostValues else {
                throw wrong("\(found), expected at most \(ModelCard.mostValues) values")
            }
            count = product
        }
        return Output(place: place, card: wanted, view: TensorView(layout: wanted.layout, shape: shape))
    }
}
