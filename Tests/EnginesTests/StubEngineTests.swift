import Engines
import Errors
import Files
import TestSupport
import Testing

/// Libraries that are not what they should be, and the choice among several.
@Suite(.enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler))
struct StubEngineTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Engines of these folders only, below the test's own.
    private func engines(_ folders: String...) -> ForeignEngines {
        let list = folders.map { "\(folder.path)/\($0)" }.joined(separator: ":")
        return ForeignEngines(EngineSearch(variables: ["EARMARK_ENGINES": list], root: folder.path))
    }

    private func stub(
        _ name: String, _ fault: StubEngine.Fault = .none, version: String = "1.99.0"
    ) throws -> String {
        try folder.put(name + "/readme.txt")
        let path = "\(folder.path)/\(name)/libonnxruntime.so.\(version)"
        try StubEngine.make(path, fault, version: version)
        return FileSystem.resolved(path)
    }

    private func run(_ runner: any ForeignRunner, _ values: [Float]) throws -> [Float] {
        let (input, output) = (AlignedFloats(values), AlignedFloats(count: values.count))
        try runner.run(inputs: [UnsafePointer(input.pointer)], outputs: [output.pointer])
        return (0..<values.count).map { output.pointer[$0] }
    }

    @Test("A sound library is opened, described and computes, for any batch")
    func sound() throws {
        let path = try stub("a")
        let engine = try engines("a").engine(for: "g.onnx", asked: nil)
        #expect(engine.kind == .onnxRuntime && engine.version == "1.99.0" && engine.path == path)
        let graph = try engine.load(folder.put("g.onnx", "any file is the stub's graph"))
        #expect(graph.inputs == [ForeignTensor(name: "x", element: .float32, shape: [nil, 4])])
        #expect(graph.outputs == [ForeignTensor(name: "y", element: .float32, shape: [nil, 4])])
        for rows in [1, 3, 16] {
            let runner = try graph.makeRunner(inputShapes: [[rows, 4]])
            #expect(runner.outputShapes == [[rows, 4]])
            let values = (0..<rows * 4).map { Float($0) / 100 }
            #expect(try run(runner, values) == values)
        }
        for shape in [[2, 5], [2], [2, 4, 1], [0, 4], [-1, 4], [1 << 40, 4], [.max, 4]] {
            #expect(throws: ForeignEngineError.self, "\(shape)") { try graph.makeRunner(inputShapes: [shape]) }
        }
        #expect(throws: ForeignEngineError.self) { try graph.makeRunner(inputShapes: []) }
    }

    @Test("An older interface is passed over with its version and what is wanted, and the next library is used")
    func old() throws {
        let path = try stub("old", .old, version: "1.2.3")
        let alone = engines("old")
        #expect(
            alone.finding(.onnxRuntime).passedOver == [
                .init(
                    path: path,
                    reason: "found ONNX Runtime 1.2.3, expected version 1.15 or later: pip install --upgrade "
                        + "onnxruntime, version 1.20 or later of the package")
            ])
        let error = #expect(throws: ForeignEngineError.self) { try alone.engine(for: "g.onnx", asked: .onnxRuntime) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("g.onnx: ") && text.contains("ONNX Runtime 1.2.3") && text.contains("1.15"), "\(text)")
        _ = try stub("new")
        let both = engines("old", "new")
        #expect(try both.engine(for: "g.onnx", asked: nil).version == "1.99.0")
        #expect(both.finding(.onnxRuntime).passedOver.map(\.path) == [path])
    }

    @Test("Of two versions the first is used, and the other is told")
    func twoVersions() throws {
        _ = try stub("a", version: "1.50.0")
        let other = try stub("b", version: "1.60.0")
        let found = engines("a", "b").finding(.onnxRuntime)
        #expect(found.engine?.version == "1.50.0")
        #expect(found.passedOver == [.init(path: other, reason: "the one of version 1.50.0 comes first")])
    }

    @Test("A file that is no library, an empty one and a library without the function are passed over with a reason")
    func others() throws {
        try folder.put("a/libonnxruntime.so", "this is no library")
        try folder.put("b/libonnxruntime.so", "")
        // Looks like ONNX Runtime, and is named as the two others.
        _ = try stub("c")
        try folder.link("c/libopenvino_c.so", to: "libonnxruntime.so.1.99.0")
        try folder.link("c/libLiteRt.so", to: "libonnxruntime.so.1.99.0")
        let engines = engines("a", "b", "c")
        let found = engines.finding(.onnxRuntime)
        #expect(found.engine?.version == "1.99.0" && found.passedOver.count == 2)
        #expect(found.passedOver.allSatisfy { $0.reason.hasPrefix("cannot be opened: ") }, "\(found.passedOver)")
        // The links are resolved, so that they are not libraries of these names.
        for kind in [ForeignEngineKind.openVINO, .liteRT] {
            let found = engines.finding(kind)
            #expect(found.engine == nil && found.passedOver.count == 1)
            let reason = found.passedOver.first?.reason ?? ""
            #expect(
                reason.contains(kind.title) && reason.contains("without the function")
                    && reason.contains("pip install"),
                "\(reason)")
        }
    }

    @Test("An engine's own words come in one line, and the runner can be used again")
    func failure() throws {
        _ = try stub("a", .fails)
        // With the word that ONNX has in graphs whose tensors are in other files, so that it is read by its path.
        let path = try folder.put("g.onnx", "location")
        let graph = try engines("a").engine(for: path, asked: nil).load(path)
        let runner = try graph.makeRunner(inputShapes: [[1, 4]])
        let error = #expect(throws: ForeignEngineError.self) { try run(runner, [0, 1, 0, 0]) }
        #expect(
            error.map { "\($0)" }
                == "\(path): ONNX Runtime 1.99.0 cannot compute the graph: a value is too large")
        #expect(try run(runner, [0.5, 0, 0, 0]) == [0.5, 0, 0, 0])
        #expect(!ForeignCalls.areUnderWay)
    }

    @Test("Without an engine the error is one line with the command that brings one")
    func none() throws {
        let engines = engines("nowhere")
        for (file, command) in [
            ("g.onnx", "pip install --upgrade onnxruntime, version 1.20 or later"),
            ("g.tflite", "pip install ai-edge-litert"), ("g.xml", "pip install openvino"),
        ] {
            let error = #expect(throws: ForeignEngineError.self) { try engines.engine(for: file, asked: nil) }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.hasPrefix("\(file): found no engine") && text.contains(command), "\(text)")
            #expect(error?.category == .badInput)
        }
        #expect(throws: ForeignEngineError.self) { try engines.engine(for: "g.tflite", asked: .onnxRuntime) }
        #expect(throws: FileError.self) { try engines.engine(for: folder.path + "/gone.bin", asked: nil) }
        let other = try folder.put("other.bin", "0123456789")
        #expect(throws: ForeignEngineError.self) { try engines.engine(for: other, asked: nil) }
        let named = try folder.put("graph", Array("....TFL3....".utf8))
        #expect(try ForeignFormat.of(named) == .tensorFlowLite)
    }
}
