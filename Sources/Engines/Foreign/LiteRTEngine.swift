import CLiteRT
import Errors
import Files
import Foundation
import Models

/// LiteRT, formerly TensorFlow Lite, through its C interface. This is the one file that imports it.
///
/// A compiled model computes one call at a time, on the thread that calls it, so each runner has its own.
final class LiteRTEngine: ForeignEngine, @unchecked Sendable {
    let kind = ForeignEngineKind.liteRT
    let version: String
    var path: String { library.path }
    private let library: SharedLibrary
    fileprivate let functions: LRTFunctions
    fileprivate let environment: OpaquePointer

    /// - Throws: `ForeignEngineError` if the library is not LiteRT, or is too old.
    init(_ library: SharedLibrary) throws {
        let kind = ForeignEngineKind.liteRT
        let stated = Self.version(ofPackageAt: library.path)
        var functions = LRTFunctions()
        if let missing = lrt_find_functions(library.handle, &functions) {
            throw kind.lacks(String(cString: missing), stated, library.path)
        }
        version = stated ?? "\(kind.leastVersion) or later"
        var environment: OpaquePointer?
        let status = lrt_create_silent_environment(&functions, &environment)
        guard status == 0, let environment else {
            throw kind.cannotStart(version, library.path, words: Self.words(status))
        }
        self.library = library
        self.functions = functions
        self.environment = environment
    }

    deinit { functions.LiteRtDestroyEnvironment(environment) }

    func load(_ path: String) throws -> any ForeignGraph { try LiteRTGraph(self, path) }

    /// The library does not state its version, but the Python package that it comes in does: beside its folder there is
    /// another one, such as `ai_edge_litert-2.3.0.dist-info`.
    private static func version(ofPackageAt path: String) -> String? {
        let (start, end) = ("ai_edge_litert-", ".dist-info")
        let packages = FileSystem.folder(of: FileSystem.folder(of: path))
        let name = FileSystem.names(in: packages).first { $0.hasPrefix(start) && $0.hasSuffix(end) }
        return name.map { String($0.dropFirst(start.count).dropLast(end.count)) }
    }

    /// What a status means; the interface exports no such text.
    fileprivate static func words(_ status: Int32) -> String {
        let words =
            switch status {
            case 1, 1000: "an argument was refused"
            case 2: "memory ran out"
            case 3: "an operation failed"
            case 5: "something in it is not supported"
            case 500: "the file cannot be read"
            case 501: "the file is damaged, or is not a TensorFlow Lite file"
            case 504: "compiling failed"
            case 1001, 1002: "the graph is not sound"
            default: "it gave up"
            }
        return "\(words) (status \(status))"
    }

    /// - Throws: `ForeignEngineError` if the status is one of failure.
    fileprivate func check(_ status: Int32, _ file: String, _ doing: String) throws {
        if status != 0 { throw error(file, doing, words: Self.words(status)) }
    }
}

private final class LiteRTGraph: ForeignGraph, @unchecked Sendable {
    let engine: LiteRTEngine
    /// Kept, because the model refers to the bytes.
    private let file: ModelBytes
    let inputs: [ForeignTensor]
    let outputs: [ForeignTensor]
    let inputQuantizations: [TensorBuffer.Quantization?]
    let outputQuantizations: [TensorBuffer.Quantization?]
    private let model: OpaquePointer
    /// Held while a model is compiled: nothing says that this may be done on several threads at once.
    private let lock = NSLock()

    var path: String { file.path }

    init(_ engine: LiteRTEngine, _ path: String) throws {
        let functions = engine.functions
        let file = try ModelBytes(path: path)
        let declared = try file.withBytes { try TFLiteCheck.run($0, of: path) }
        var made: OpaquePointer?
        try engine.check(
            file.withBytes {
                functions.LiteRtCreateModelFromBuffer(engine.environment, $0.baseAddress, $0.count, &made)
            }, path, "read the graph")
        guard let model = made else { throw engine.error(path, "read the graph", words: "no model") }
        do {
            var count = 0
            try engine.check(functions.LiteRtGetNumModelSignatures(model, &count), path, "describe the graph")
            guard count > 0 else { throw engine.error(path, "describe the graph", words: "it has no signature") }
            var signature: OpaquePointer?
            try engine.check(functions.LiteRtGetModelSignature(model, 0, &signature), path, "describe the graph")
            let inputs = try Self.tensors(engine, signature, path, declared, of: .input)
            let outputs = try Self.tensors(engine, signature, path, declared, of: .output)
            self.inputs = inputs.map(\.tensor)
            inputQuantizations = inputs.map(\.quantization)
            self.outputs = outputs.map(\.tensor)
            outputQuantizations = outputs.map(\.quantization)
        } catch {
            functions.LiteRtDestroyModel(model)
            throw error
        }
        self.engine = engine
        self.file = file
        self.model = model
    }

    deinit { engine.functions.LiteRtDestroyModel(model) }

    func makeRunner(inputShapes: [[Int]]) throws -> any ForeignRunner {
        try TensorShape.check(inputShapes, against: inputs, path)
        return try lock.withLock {
            var options: OpaquePointer?
            try engine.check(
                withUnsafePointer(to: engine.functions) { lrt_create_one_thread_options($0, &options) }, path,
                "make options")
            defer { engine.functions.LiteRtDestroyOptions(options) }
            var compiled: OpaquePointer?
            try engine.check(
                engine.functions.LiteRtCreateCompiledModel(engine.environment, model, options, &compiled), path,
                "compile the graph")
            return try LiteRTRunner(self, compiled, inputShapes)
        }
    }

    private enum Direction { case input, output }

    /// The inputs or outputs of a signature, which is the order in which calls take them.
    ///
    /// - Parameter declared: the shapes in the file, by tensor. The engine gives a dimension that is left open as 1.
    private static func tensors(
        _ engine: LiteRTEngine, _ signature: OpaquePointer?, _ path: String, _ declared: [String: [Int?]],
        of direction: Direction
    ) throws -> [(tensor: ForeignTensor, quantization: TensorBuffer.Quantization?)] {
        let functions = engine.functions
        let isInput = direction == .input
        let doing = "describe the graph"
        var count = 0
        try engine.check(
            isInput
                ? functions.LiteRtGetNumSignatureInputs(signature, &count)
                : functions.LiteRtGetNumSignatureOutputs(signature, &count), path, doing)
        let found = try (0..<count).map { index -> (tensor: ForeignTensor, quantization: TensorBuffer.Quantization?) in
            var handle: OpaquePointer?
            try engine.check(
                isInput
                    ? functions.LiteRtGetSignatureInputTensorByIndex(signature, index, &handle)
                    : functions.LiteRtGetSignatureOutputTensorByIndex(signature, index, &handle), path, doing)
            var text: UnsafePointer<CChar>?
            try engine.check(functions.LiteRtGetTensorName(handle, &text), path, doing)
            let name = text.map { String(cString: $0) } ?? ""
            var kind: Int32 = 0
            try engine.check(functions.LiteRtGetTensorTypeId(handle, &kind), path, doing)
            guard kind == Int32(LRT_RANKED) else {
                throw ForeignEngineError(
                    .badInput, place: ErrorPlace(path, part: .tensor(name)),
                    "found a tensor with an open number of dimensions, expected graphs whose tensors have a fixed number"
                )
            }
            var type = LRTTensorType()
            try engine.check(functions.LiteRtGetRankedTensorType(handle, &type), path, doing)
            let given = sizes(type.layout)
            let shape = declared[name].flatMap { $0.count == given.count ? $0 : nil } ?? given
            let tensor = ForeignTensor(
                name: name, element: elements.first { $0.number == type.element }?.element ?? .other, shape: shape)
            return (tensor, try quantization(engine, handle, tensor, path))
        }
        try TensorShape.check(found.map { $0.0 }, path)
        return found
    }

    /// How an integer tensor stands for numbers; nil if it is not quantised as a whole.
    private static func quantization(
        _ engine: LiteRTEngine, _ handle: OpaquePointer?, _ tensor: ForeignTensor, _ path: String
    ) throws -> TensorBuffer.Quantization? {
        guard ![.float32, .float16, .bool, .other].contains(tensor.element) else { return nil }
        var kind: Int32 = 0
        try engine.check(engine.functions.LiteRtGetQuantizationTypeId(handle, &kind), path, "describe the graph")
        guard kind == Int32(LRT_PER_TENSOR_QUANTIZATION) else { return nil }
        var found = LRTQuantization()
        try engine.check(
            engine.functions.LiteRtGetPerTensorQuantization(handle, &found), path, "describe the graph")
        guard found.scale.isFinite, found.scale > 0 else {
            throw TensorShape.error(
                path, tensor, "found the quantisation scale \(found.scale), expected a number above 0")
        }
        return TensorBuffer.Quantization(scale: Double(found.scale), zeroPoint: Double(found.zero_point))
    }

    /// The sizes of a layout's dimensions.
    static func sizes(_ layout: LRTLayout) -> [Int] {
        withUnsafeBytes(of: layout.sizes) { bytes in
            bytes.bindMemory(to: Int32.self).prefix(Int(layout.rank_and_flags & 0x7F)).map { Int($0) }
        }
    }

    static let elements: [(number: Int32, element: ForeignTensor.Element)] = [
        (Int32(LRT_FLOAT32), .float32), (Int32(LRT_FLOAT16), .float16), (Int32(LRT_INT8), .int8),
        (Int32(LRT_UINT8), .uint8), (Int32(LRT_INT16), .int16), (Int32(LRT_INT32), .int32),
        (Int32(LRT_INT64), .int64), (Int32(LRT_BOOL), .bool),
    ]
}

private final class LiteRTRunner: BoundRunner {
    private let graph: LiteRTGraph
    private let compiled: OpaquePointer?
    private var inputValues: [OpaquePointer?] = []
    private var outputValues: [OpaquePointer?] = []

    /// Takes over the compiled model.
    init(_ graph: LiteRTGraph, _ compiled: OpaquePointer?, _ inputShapes: [[Int]]) throws {
        self.graph = graph
        self.compiled = compiled
        let inputs: [TensorBuffer]
        let outputs: [TensorBuffer]
        do {
            inputs = try inputShapes.indices.map {
                try TensorBuffer(
                    graph.inputs[$0], shape: inputShapes[$0], quantization: graph.inputQuantizations[$0],
                    file: graph.path)
            }
            let shapes = try LiteRTRunner.outputShapes(graph, compiled, inputShapes)
            outputs = try shapes.indices.map {
                try TensorBuffer(
                    graph.outputs[$0], shape: shapes[$0], quantization: graph.outputQuantizations[$0],
                    file: graph.path)
            }
        } catch {
            graph.engine.functions.LiteRtDestroyCompiledModel(compiled)
            throw error
        }
        super.init(inputs: inputs, outputs: outputs)
        for buffer in inputs { inputValues.append(try bind(buffer)) }
        for buffer in outputs { outputValues.append(try bind(buffer)) }
    }

    deinit {
        for value in inputValues + outputValues { graph.engine.functions.LiteRtDestroyTensorBuffer(value) }
        graph.engine.functions.LiteRtDestroyCompiledModel(compiled)
    }

    override func compute(wanted: [Bool]) throws {
        let status = graph.engine.functions.LiteRtRunCompiledModel(
            compiled, 0, inputValues.count, &inputValues, outputValues.count, &outputValues)
        try Self.check(graph, compiled, status, "compute the graph")
    }

    /// Gives the inputs their shapes, and finds out those of the outputs.
    private static func outputShapes(
        _ graph: LiteRTGraph, _ compiled: OpaquePointer?, _ inputShapes: [[Int]]
    ) throws -> [[Int]] {
        let functions = graph.engine.functions
        for (index, shape) in inputShapes.enumerated() where graph.inputs[index].shape.contains(nil) {
            try check(
                graph, compiled,
                functions.LiteRtCompiledModelResizeInputTensor(compiled, 0, index, shape.map(Int32.init), shape.count),
                "take the shape \(TensorShape.text(shape))")
        }
        var layouts = [LRTLayout](repeating: LRTLayout(), count: graph.outputs.count)
        try check(
            graph, compiled,
            functions.LiteRtGetCompiledModelOutputTensorLayouts(compiled, 0, layouts.count, &layouts, true),
            "find the outputs' shapes")
        return layouts.map(LiteRTGraph.sizes)
    }

    /// A value of the engine's over a buffer's memory.
    private func bind(_ buffer: TensorBuffer) throws -> OpaquePointer? {
        var type = LRTTensorType()
        type.element = LiteRTGraph.elements.first { $0.element == buffer.tensor.element }?.number ?? 0
        type.layout.rank_and_flags = UInt32(buffer.shape.count)
        withUnsafeMutableBytes(of: &type.layout.sizes) { bytes in
            let sizes = bytes.bindMemory(to: Int32.self)
            for (axis, size) in buffer.shape.prefix(sizes.count).enumerated() { sizes[axis] = Int32(size) }
        }
        var value: OpaquePointer?
        try Self.check(
            graph, compiled,
            graph.engine.functions.LiteRtCreateTensorBufferFromHostMemory(
                &type, buffer.bytes, buffer.byteCount, nil, &value), "take the tensor \(buffer.tensor.name)")
        return value
    }

    /// - Throws: `ForeignEngineError` with what the engine has noted about the failure.
    private static func check(
        _ graph: LiteRTGraph, _ compiled: OpaquePointer?, _ status: Int32, _ doing: String
    ) throws {
        guard status != 0 else { return }
        let functions = graph.engine.functions
        var text: UnsafeMutablePointer<CChar>?
        guard functions.LiteRtCompiledModelGetErrorMessages(compiled, &text) == 0, let text else {
            return try graph.engine.check(status, graph.path, doing)
        }
        let words = String(cString: text)
        free(text)
        _ = functions.LiteRtCompiledModelClearErrors(compiled)
        if words.isEmpty { try graph.engine.check(status, graph.path, doing) }
        throw graph.engine.error(graph.path, doing, words: words)
    }
}
