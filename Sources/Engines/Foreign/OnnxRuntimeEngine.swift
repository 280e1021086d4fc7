import COnnxRuntime
import Errors
import Files
import Glibc

/// ONNX Runtime, through the table of functions that its library hands out. This is the one file that imports them.
///
/// A session computes on the thread that calls it, as it gets one thread, and can be called by several at once: one
/// serves all workers.
final class OnnxRuntimeEngine: ForeignEngine, @unchecked Sendable {
    /// The version of the interface that is asked for: old enough for most installations; all that is called is in it.
    static let interface: UInt32 = 15

    let kind = ForeignEngineKind.onnxRuntime
    let version: String
    var path: String { library.path }
    private let library: SharedLibrary
    fileprivate let functions: OrtFunctions
    /// What all sessions share.
    fileprivate let environment: OpaquePointer
    /// Says that a tensor's memory is ordinary memory.
    fileprivate let memory: OpaquePointer
    fileprivate let allocator: OpaquePointer

    /// - Throws: `ForeignEngineError` if the library is not ONNX Runtime, or is too old.
    init(_ library: SharedLibrary) throws {
        let kind = ForeignEngineKind.onnxRuntime
        guard let base = library.function("OrtGetApiBase") else {
            throw kind.lacks("OrtGetApiBase", nil, library.path)
        }
        guard let version = ort_version(base).map({ String(cString: $0) }) else {
            throw kind.lacks("GetVersionString", nil, library.path)
        }
        var functions = OrtFunctions()
        guard ort_find_functions(base, Self.interface, &functions) != 0 else {
            throw kind.isTooOld(version, library.path)
        }
        var environment: OpaquePointer?
        var memory: OpaquePointer?
        var allocator: OpaquePointer?
        for status in [
            functions.CreateEnv(Int32(ORT_FATAL), "earmark", &environment),
            functions.CreateCpuMemoryInfo(Int32(ORT_DEVICE_ALLOCATOR), Int32(ORT_DEFAULT_MEMORY), &memory),
            functions.GetAllocatorWithDefaultOptions(&allocator),
        ] {
            guard let status else { continue }
            defer { functions.ReleaseStatus(status) }
            throw kind.cannotStart(version, library.path, words: Self.words(functions, status))
        }
        guard let environment, let memory, let allocator else { throw kind.lacks("CreateEnv", version, library.path) }
        // For a version to come that does not heed the variable; a failure is of no account, as there is the variable.
        if let status = functions.DisableTelemetryEvents(environment) { functions.ReleaseStatus(status) }
        self.library = library
        self.version = version
        self.functions = functions
        self.environment = environment
        self.memory = memory
        self.allocator = allocator
    }

    deinit {
        functions.ReleaseMemoryInfo(memory)
        functions.ReleaseEnv(environment)
    }

    /// Turns telemetry off, to be called before a library is opened. Since version 1.29 it is on otherwise: the
    /// environment then makes an identifier of the device and a data base in the user's cache, and what graphs are read
    /// is sent to Microsoft. The interface's own function comes after the environment, which is too late for the files.
    static func disableTelemetry() {
        let name = "ORT_DISABLE_TELEMETRY"
        // "0" and "false" of the user's would leave it on. A value that is right is not written again: other threads
        // may be reading the environment variables.
        if getenv(name).map({ String(cString: $0) }) != "1" { setenv(name, "1", 1) }
    }

    func load(_ path: String) throws -> any ForeignGraph { try OnnxRuntimeGraph(self, path) }

    private static func words(_ functions: OrtFunctions, _ status: OpaquePointer) -> String {
        functions.GetErrorMessage(status).map { String(cString: $0) } ?? "no reason given"
    }

    /// - Throws: `ForeignEngineError` with the engine's own words if the status is one of failure.
    fileprivate func check(_ status: OpaquePointer?, _ file: String, _ doing: String) throws {
        guard let status else { return }
        defer { functions.ReleaseStatus(status) }
        throw error(file, doing, words: Self.words(functions, status))
    }
}

private final class OnnxRuntimeGraph: ForeignGraph, @unchecked Sendable {
    let engine: OnnxRuntimeEngine
    let path: String
    let inputs: [ForeignTensor]
    let outputs: [ForeignTensor]
    let session: OpaquePointer

    init(_ engine: OnnxRuntimeEngine, _ path: String) throws {
        let functions = engine.functions
        var options: OpaquePointer?
        try engine.check(functions.CreateSessionOptions(&options), path, "make options")
        defer { functions.ReleaseSessionOptions(options) }
        for status in [
            functions.SetIntraOpNumThreads(options, 1), functions.SetInterOpNumThreads(options, 1),
            functions.SetSessionLogSeverityLevel(options, Int32(ORT_FATAL)),
            functions.SetSessionGraphOptimizationLevel(options, Int32(ORT_ALL_OPTIMIZATIONS)),
        ] { try engine.check(status, path, "set options") }
        var made: OpaquePointer?
        try engine.check(Self.read(engine, path, options, &made), path, "read the graph")
        guard let session = made else { throw engine.error(path, "read the graph", words: "no session") }
        do {
            inputs = try Self.tensors(engine, session, path, of: .input)
            outputs = try Self.tensors(engine, session, path, of: .output)
        } catch {
            functions.ReleaseSession(session)
            throw error
        }
        self.engine = engine
        self.path = path
        self.session = session
    }

    deinit { engine.functions.ReleaseSession(session) }

    /// Makes a session; the engine takes over what it needs of the bytes.
    ///
    /// - Returns: the engine's status.
    /// - Throws: `FileError` if the file cannot be read.
    private static func read(
        _ engine: OnnxRuntimeEngine, _ path: String, _ options: OpaquePointer?, _ made: inout OpaquePointer?
    ) throws -> OpaquePointer? {
        let file = try ModelBytes(path: path)
        // The key with which a tensor says in which file, beside this one, its values are. Such a graph is read by its
        // path, and so is one that has the word by chance.
        if file.contains("location") {
            return FileSystem.withBytes(path) {
                engine.functions.CreateSession(engine.environment, $0, options, &made)
            }
        }
        return file.withBytes {
            engine.functions.CreateSessionFromArray(engine.environment, $0.baseAddress, $0.count, options, &made)
        }
    }

    func makeRunner(inputShapes: [[Int]]) throws -> any ForeignRunner {
        try TensorShape.check(inputShapes, against: inputs, path)
        return try OnnxRuntimeRunner(self, inputShapes)
    }

    private enum Direction { case input, output }

    /// The graph's inputs or outputs, checked.
    private static func tensors(
        _ engine: OnnxRuntimeEngine, _ session: OpaquePointer, _ path: String, of direction: Direction
    ) throws -> [ForeignTensor] {
        let functions = engine.functions
        let isInput = direction == .input
        let doing = "describe the graph"
        var count = 0
        try engine.check(
            isInput
                ? functions.SessionGetInputCount(session, &count) : functions.SessionGetOutputCount(session, &count),
            path, doing)
        let tensors = try (0..<count).map { index -> ForeignTensor in
            var text: UnsafeMutablePointer<CChar>?
            try engine.check(
                isInput
                    ? functions.SessionGetInputName(session, index, engine.allocator, &text)
                    : functions.SessionGetOutputName(session, index, engine.allocator, &text), path, doing)
            let name = text.map { String(cString: $0) } ?? ""
            if let text { try engine.check(functions.AllocatorFree(engine.allocator, text), path, doing) }
            var info: OpaquePointer?
            try engine.check(
                isInput
                    ? functions.SessionGetInputTypeInfo(session, index, &info)
                    : functions.SessionGetOutputTypeInfo(session, index, &info), path, doing)
            defer { functions.ReleaseTypeInfo(info) }
            var kind: Int32 = 0
            try engine.check(functions.GetOnnxTypeFromTypeInfo(info, &kind), path, doing)
            guard kind == Int32(ORT_TENSOR) else { return ForeignTensor(name: name, element: .other, shape: []) }
            var tensor: OpaquePointer?
            try engine.check(functions.CastTypeInfoToTensorInfo(info, &tensor), path, doing)
            var element: Int32 = 0
            try engine.check(functions.GetTensorElementType(tensor, &element), path, doing)
            let sizes = try sizes(engine, tensor, path)
            return ForeignTensor(
                name: name, element: Self.element(element), shape: sizes.map { $0 == -1 ? nil : Int($0) })
        }
        try TensorShape.check(tensors, path)
        return tensors
    }

    /// The size of each dimension; -1 for one that is left open.
    static func sizes(_ engine: OnnxRuntimeEngine, _ tensor: OpaquePointer?, _ path: String) throws -> [Int64] {
        let doing = "describe a tensor"
        var rank = 0
        try engine.check(engine.functions.GetDimensionsCount(tensor, &rank), path, doing)
        var sizes = [Int64](repeating: 0, count: rank)
        try engine.check(engine.functions.GetDimensions(tensor, &sizes, rank), path, doing)
        return sizes
    }

    private static func element(_ number: Int32) -> ForeignTensor.Element {
        elements.first { $0.number == number }?.element ?? .other
    }

    static func number(_ element: ForeignTensor.Element) -> Int32 {
        elements.first { $0.element == element }?.number ?? 0
    }

    private static let elements: [(number: Int32, element: ForeignTensor.Element)] = [
        (Int32(ORT_FLOAT32), .float32), (Int32(ORT_FLOAT16), .float16), (Int32(ORT_INT8), .int8),
        (Int32(ORT_UINT8), .uint8), (Int32(ORT_INT16), .int16), (Int32(ORT_INT32), .int32),
        (Int32(ORT_INT64), .int64), (Int32(ORT_BOOL), .bool),
    ]
}

private final class OnnxRuntimeRunner: BoundRunner {
    private let graph: OnnxRuntimeGraph
    private var inputValues: [OpaquePointer?] = []
    private var outputValues: [OpaquePointer?] = []

    /// Shapes that the graph leaves open are found by computing it once, on zeros.
    init(_ graph: OnnxRuntimeGraph, _ inputShapes: [[Int]]) throws {
        self.graph = graph
        let inputs = try zip(graph.inputs, inputShapes).map {
            try TensorBuffer($0, shape: $1, file: graph.path)
        }
        let inputValues = try OnnxRuntimeRunner.bind(inputs, graph)
        defer { for value in inputValues { graph.engine.functions.ReleaseValue(value) } }
        let declared = graph.outputs.map { $0.shape.compactMap { $0 } }
        // A graph that says nothing about an output's shape looks as if the output were a single number.
        let isOpen = zip(declared, graph.outputs).contains {
            $0.isEmpty || $0.count != $1.shape.count || $1.element == .other
        }
        let shapes = try isOpen ? OnnxRuntimeRunner.computedShapes(graph, inputValues) : declared
        let outputs = try zip(graph.outputs, shapes).map { try TensorBuffer($0, shape: $1, file: graph.path) }
        super.init(inputs: inputs, outputs: outputs)
        self.inputValues = try Self.bind(inputs, graph)
        outputValues = try Self.bind(outputs, graph)
    }

    deinit { for value in inputValues + outputValues { graph.engine.functions.ReleaseValue(value) } }

    override func compute(wanted: [Bool]) throws {
        let places = wanted.contains(true) ? wanted.indices.filter { wanted[$0] } : Array(wanted.indices)
        var results = places.map { outputValues[$0] }
        try Self.call(graph, inputValues, places, &results)
    }

    /// Makes a value of the engine's for each buffer, over the buffer's memory.
    private static func bind(_ buffers: [TensorBuffer], _ graph: OnnxRuntimeGraph) throws -> [OpaquePointer?] {
        let engine = graph.engine
        var values: [OpaquePointer?] = []
        do {
            for buffer in buffers {
                var value: OpaquePointer?
                let status = engine.functions.CreateTensorWithDataAsOrtValue(
                    engine.memory, buffer.bytes, buffer.byteCount, buffer.shape.map(Int64.init), buffer.shape.count,
                    OnnxRuntimeGraph.number(buffer.tensor.element), &value)
                try engine.check(status, graph.path, "make the tensor \(buffer.tensor.name)")
                values.append(value)
            }
            return values
        } catch {
            for value in values { engine.functions.ReleaseValue(value) }
            throw error
        }
    }

    /// Computes the outputs at the given places into `results`; where a result is nil, the engine makes it.
    private static func call(
        _ graph: OnnxRuntimeGraph, _ inputs: [OpaquePointer?], _ places: [Int], _ results: inout [OpaquePointer?]
    ) throws {
        let names = (graph.inputs.map(\.name) + places.map { graph.outputs[$0].name }).map { strdup($0) }
        defer { for name in names { free(name) } }
        let pointers = names.map { $0.map { UnsafePointer($0) } }
        let status = pointers.withUnsafeBufferPointer { names in
            graph.engine.functions.Run(
                graph.session, nil, names.baseAddress, inputs, inputs.count,
                names.baseAddress.map { $0 + inputs.count }, places.count, &results)
        }
        try graph.engine.check(status, graph.path, "compute the graph")
    }

    private static func computedShapes(_ graph: OnnxRuntimeGraph, _ inputs: [OpaquePointer?]) throws -> [[Int]] {
        let engine = graph.engine
        if let other = graph.outputs.first(where: { $0.element == .other }) {
            throw TensorShape.error(graph.path, other, "found an output that is not a tensor of numbers, expected one")
        }
        var results = [OpaquePointer?](repeating: nil, count: graph.outputs.count)
        defer { for value in results { engine.functions.ReleaseValue(value) } }
        try call(graph, inputs, Array(graph.outputs.indices), &results)
        return try results.map { value in
            var info: OpaquePointer?
            try engine.check(engine.functions.GetTensorTypeAndShape(value, &info), graph.path, "describe an output")
            defer { engine.functions.ReleaseTensorInfo(info) }
            return try OnnxRuntimeGraph.sizes(engine, info, graph.path).map(Int.init)
        }
    }
}
