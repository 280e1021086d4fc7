import COpenVINO
import Errors
import Files
import Foundation

/// OpenVINO, through its C interface. This is the one file that imports it.
///
/// A compiled model computes one call at a time, so each runner has its own. It computes in float32 on one thread, the
/// caller's or one of the engine's that the caller waits for.
final class OpenVINOEngine: ForeignEngine, @unchecked Sendable {
    let kind = ForeignEngineKind.openVINO
    let version: String
    var path: String { library.path }
    private let library: SharedLibrary
    fileprivate let functions: OVFunctions
    fileprivate let core: OpaquePointer

    /// - Throws: `ForeignEngineError` if the library is not OpenVINO, or is too old.
    init(_ library: SharedLibrary) throws {
        let kind = ForeignEngineKind.openVINO
        var functions = OVFunctions()
        if let missing = ov_find_functions(library.handle, &functions) {
            throw kind.lacks(String(cString: missing), nil, library.path)
        }
        var stated = OVVersion()
        guard functions.ov_get_openvino_version(&stated) == 0, let build = stated.build else {
            throw kind.lacks("ov_get_openvino_version", nil, library.path)
        }
        version = Self.version(String(cString: build))
        functions.ov_version_free(&stated)
        guard Self.numbersTypesAsKnown(functions) else { throw kind.isTooOld(version, library.path) }
        var core: OpaquePointer?
        guard functions.ov_core_create(&core) == 0, let core else {
            throw kind.cannotStart(version, library.path, words: Self.words(functions))
        }
        self.library = library
        self.functions = functions
        self.core = core
    }

    deinit { functions.ov_core_free(core) }

    func load(_ path: String) throws -> any ForeignGraph { try OpenVINOGraph(self, path) }

    /// The version at the beginning of a build's name, such as `2025.3.0-19807-44526285f24-releases/2025/3`.
    private static func version(_ build: String) -> String {
        String(build.split(separator: "-").first ?? "unknown")
    }

    /// Whether the numbers of the types are those that this program knows: before 2025.0 they were others. Asked of the
    /// library itself, by the size of a tensor with one value of each.
    private static func numbersTypesAsKnown(_ functions: OVFunctions) -> Bool {
        OpenVINOGraph.elements.allSatisfy { number, element in
            var shape = OVShape()
            guard functions.ov_shape_create(1, [1], &shape) == 0 else { return false }
            defer { _ = functions.ov_shape_free(&shape) }
            var tensor: OpaquePointer?
            guard functions.ov_tensor_create(number, shape, &tensor) == 0, let tensor else { return false }
            defer { functions.ov_tensor_free(tensor) }
            var size = 0
            return functions.ov_tensor_get_byte_size(tensor, &size) == 0 && size == element.byteCount
        }
    }

    private static func words(_ functions: OVFunctions) -> String {
        functions.ov_get_last_err_msg().map { String(cString: $0) } ?? "no reason given"
    }

    /// - Throws: `ForeignEngineError` with the engine's own words if the status is one of failure.
    fileprivate func check(_ status: Int32, _ file: String, _ doing: String) throws {
        if status != 0 { throw error(file, doing, words: Self.words(functions)) }
    }
}

private final class OpenVINOGraph: ForeignGraph, @unchecked Sendable {
    let engine: OpenVINOEngine
    let path: String
    let inputs: [ForeignTensor]
    let outputs: [ForeignTensor]
    private let model: OpaquePointer
    /// Held while the model has the shapes of one runner, which is compiled from it.
    private let lock = NSLock()

    init(_ engine: OpenVINOEngine, _ path: String) throws {
        var made: OpaquePointer?
        try engine.check(
            FileSystem.withBytes(path) { engine.functions.ov_core_read_model(engine.core, $0, nil, &made) }, path,
            "read the graph")
        guard let model = made else { throw engine.error(path, "read the graph", words: "no model") }
        do {
            inputs = try Self.tensors(engine, model, path, of: .input)
            outputs = try Self.tensors(engine, model, path, of: .output)
            try Self.refuseQuantized(inputs + outputs, path)
        } catch {
            engine.functions.ov_model_free(model)
            throw error
        }
        self.engine = engine
        self.path = path
        self.model = model
    }

    deinit { engine.functions.ov_model_free(model) }

    func makeRunner(inputShapes: [[Int]]) throws -> any ForeignRunner {
        try TensorShape.check(inputShapes, against: inputs, path)
        let inputs = try zip(inputs, inputShapes).map { try TensorBuffer($0, shape: $1, file: path) }
        return try lock.withLock {
            try reshape(inputShapes)
            let computed = try Self.tensors(engine, model, path, of: .output)
            let outputs = try computed.map { tensor in
                let shape = tensor.shape.compactMap { $0 }
                guard shape.count == tensor.shape.count else {
                    throw TensorShape.error(
                        path, tensor,
                        "found the shape \(TensorShape.text(tensor.shape)), which depends on the values of "
                            + "the inputs, expected one that follows from their shapes")
                }
                return try TensorBuffer(tensor, shape: shape, file: path)
            }
            var compiled: OpaquePointer?
            try engine.check(
                withUnsafePointer(to: engine.functions) {
                    ov_compile_for_one_thread($0, engine.core, model, &compiled)
                },
                path, "compile the graph")
            return try OpenVINORunner(engine, path, compiled: compiled, inputs: inputs, outputs: outputs)
        }
    }

    /// Gives the model these input shapes, if any of its own is open.
    private func reshape(_ shapes: [[Int]]) throws {
        guard inputs.contains(where: { $0.shape.contains(nil) }) else { return }
        var partial: [OVPartialShape] = []
        defer { for index in partial.indices { engine.functions.ov_partial_shape_free(&partial[index]) } }
        for shape in shapes {
            var made = OVPartialShape()
            try engine.check(
                engine.functions.ov_partial_shape_create_static(Int64(shape.count), shape.map(Int64.init), &made), path,
                "make a shape")
            partial.append(made)
        }
        try engine.check(
            engine.functions.ov_model_reshape_by_port_indexes(
                model, Array(shapes.indices), partial, shapes.count), path,
            "take the shapes \(shapes.map { TensorShape.text($0) }.joined(separator: ", "))")
    }

    private enum Direction { case input, output }

    /// The model's inputs or outputs as they are now, checked.
    private static func tensors(
        _ engine: OpenVINOEngine, _ model: OpaquePointer, _ path: String, of direction: Direction
    ) throws -> [ForeignTensor] {
        let functions = engine.functions
        let isInput = direction == .input
        let doing = "describe the graph"
        var count = 0
        try engine.check(
            isInput ? functions.ov_model_inputs_size(model, &count) : functions.ov_model_outputs_size(model, &count),
            path, doing)
        let tensors = try (0..<count).map { index -> ForeignTensor in
            var port: OpaquePointer?
            try engine.check(
                isInput
                    ? functions.ov_model_const_input_by_index(model, index, &port)
                    : functions.ov_model_const_output_by_index(model, index, &port), path, doing)
            defer { functions.ov_output_const_port_free(port) }
            var element: Int32 = 0
            try engine.check(functions.ov_port_get_element_type(port, &element), path, doing)
            return ForeignTensor(
                name: name(engine, port) ?? "\(isInput ? "input" : "output") \(index)",
                element: elements.first { $0.number == element }?.element ?? .other,
                shape: try shape(engine, port, path))
        }
        try TensorShape.check(tensors, path)
        return tensors
    }

    /// The interface does not tell how the integers of a quantised TensorFlow Lite graph stand for numbers.
    private static func refuseQuantized(_ tensors: [ForeignTensor], _ path: String) throws {
        guard try ForeignFormat.of(path) == .tensorFlowLite else { return }
        for tensor in tensors where [.int8, .uint8, .int16].contains(tensor.element) {
            throw TensorShape.error(
                path, tensor,
                "found quantised \(tensor.element.rawValue), whose scale OpenVINO does not tell, expected "
                    + "\(ForeignEngineKind.liteRT.title): \(ForeignEngineKind.liteRT.installCommand)")
        }
    }

    /// A tensor's name; nil if the graph gives it none.
    private static func name(_ engine: OpenVINOEngine, _ port: OpaquePointer?) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard engine.functions.ov_port_get_any_name(port, &text) == 0, let text else { return nil }
        defer { engine.functions.ov_free(text) }
        return String(cString: text)
    }

    private static func shape(_ engine: OpenVINOEngine, _ port: OpaquePointer?, _ path: String) throws -> [Int?] {
        var partial = OVPartialShape()
        try engine.check(engine.functions.ov_port_get_partial_shape(port, &partial), path, "describe the graph")
        defer { engine.functions.ov_partial_shape_free(&partial) }
        guard partial.rank.least == partial.rank.greatest else {
            throw ForeignEngineError(
                .badInput, place: ErrorPlace(path),
                "found a tensor with an open number of dimensions, expected graphs whose tensors have a fixed number")
        }
        return (0..<Int(partial.rank.least)).map { axis in
            let dimension = partial.dimensions[axis]
            return dimension.least == dimension.greatest ? Int(dimension.least) : nil
        }
    }

    static let elements: [(number: Int32, element: ForeignTensor.Element)] = [
        (Int32(OV_FLOAT32), .float32), (Int32(OV_FLOAT16), .float16), (Int32(OV_INT8), .int8),
        (Int32(OV_UINT8), .uint8), (Int32(OV_INT16), .int16), (Int32(OV_INT32), .int32), (Int32(OV_INT64), .int64),
        (Int32(OV_BOOL), .bool),
    ]
}

private final class OpenVINORunner: BoundRunner {
    private let engine: OpenVINOEngine
    private let path: String
    private let compiled: OpaquePointer?
    private var request: OpaquePointer?
    private var tensors: [OpaquePointer?] = []

    /// Takes over the compiled model.
    init(
        _ engine: OpenVINOEngine, _ path: String, compiled: OpaquePointer?, inputs: [TensorBuffer],
        outputs: [TensorBuffer]
    ) throws {
        self.engine = engine
        self.path = path
        self.compiled = compiled
        super.init(inputs: inputs, outputs: outputs)
        try engine.check(
            engine.functions.ov_compiled_model_create_infer_request(compiled, &request), path, "prepare the graph")
        for (index, buffer) in inputs.enumerated() {
            try engine.check(
                engine.functions.ov_infer_request_set_input_tensor_by_index(request, index, try tensor(buffer)), path,
                "take the input \(buffer.tensor.name)")
        }
        for (index, buffer) in outputs.enumerated() {
            try engine.check(
                engine.functions.ov_infer_request_set_output_tensor_by_index(request, index, try tensor(buffer)), path,
                "take the output \(buffer.tensor.name)")
        }
    }

    deinit {
        engine.functions.ov_infer_request_free(request)
        for tensor in tensors { engine.functions.ov_tensor_free(tensor) }
        engine.functions.ov_compiled_model_free(compiled)
    }

    override func compute(wanted: [Bool]) throws {
        try engine.check(engine.functions.ov_infer_request_infer(request), path, "compute the graph")
    }

    /// A tensor of the engine's over a buffer's memory.
    private func tensor(_ buffer: TensorBuffer) throws -> OpaquePointer? {
        let functions = engine.functions
        var shape = OVShape()
        try engine.check(
            functions.ov_shape_create(Int64(buffer.shape.count), buffer.shape.map(Int64.init), &shape), path,
            "make a shape")
        defer { _ = functions.ov_shape_free(&shape) }
        let number = OpenVINOGraph.elements.first { $0.element == buffer.tensor.element }?.number ?? 0
        var tensor: OpaquePointer?
        try engine.check(
            functions.ov_tensor_create_from_host_ptr(number, shape, buffer.bytes, &tensor), path,
            "make the tensor \(buffer.tensor.name)")
        tensors.append(tensor)
        return tensor
    }
}
