import Engines
import Foundation
import Random
import TestSupport
import Testing

/// `model engines`, `model graph` and `bench engine`, with stubs and with the engines of this machine.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct EngineCommandTests {
    /// An environment in which nothing but what the variable names is found, unless the system itself has an engine.
    private static func environment(_ scratch: Scratch, _ engines: String...) -> [String: String] {
        [
            "EARMARK_ENGINES": engines.joined(separator: ":"), "VIRTUAL_ENV": "", "CONDA_PREFIX": "",
            "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            "HOME": scratch.path("home"), "PATH": "/bin",
        ]
    }

    @Test("Without an engine, the list says how to get each, and a graph is refused with that command")
    func none() throws {
        let scratch = try Scratch()
        let environment = Self.environment(scratch, scratch.path("nowhere"))
        let list = try Tool.run("model", "engines", environment: environment)
        #expect(list.status == 0 && list.errors.contains("\(scratch.path("nowhere")), but no engine is there"))
        for kind in ForeignEngineKind.allCases { #expect(list.output.contains(kind.title), "\(list.output)") }
        let json = try Tool.run("model", "engines", "--json", environment: environment)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let rows = try #require(object["engines"] as? [[String: Any]])
        #expect(rows.map { $0["engine"] as? String } == ForeignEngineKind.allCases.map(\.rawValue))
        #expect(object["empty"] as? [String] == [scratch.path("nowhere")])
        let commands = rows.compactMap { $0["install"] as? String }
        #expect(
            commands == ["pip install --upgrade onnxruntime", "pip install openvino", "pip install ai-edge-litert"])
        // Where the system itself has none.
        guard rows.allSatisfy({ $0["path"] is NSNull }) else { return }
        #expect(commands.allSatisfy(list.output.contains))
        let graph = try Tool.run(
            "model", "graph", Tool.root + "/Tests/Fixtures/graphs/multiply-add.onnx", environment: environment)
        #expect(graph.status == 65 && graph.output.isEmpty)
        #expect(graph.errors.split(separator: "\n").count == 1, "\(graph)")
        // The packages before have no library, and without the option pip keeps such a one.
        let advice = "pip install --upgrade onnxruntime, version 1.20 or later"
        #expect(graph.errors.contains(advice) && list.output.contains(advice), "\(graph) \(list)")
    }

    @Test(
        "A library that is too old is passed over with its version and what is wanted, and the next one is used",
        .enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler))
    func stubs() throws {
        let scratch = try Scratch()
        for folder in ["old", "new"] {
            try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
        }
        try StubEngine.make(scratch.path("old/libonnxruntime.so"), .old, version: "1.2.3")
        try StubEngine.make(scratch.path("new/libonnxruntime.so"), version: "1.99.0")
        try scratch.write("g.onnx", "any file is the stub's graph")
        let environment = Self.environment(scratch, scratch.path("old"), scratch.path("new"))
        let list = try Tool.run("model", "engines", environment: environment)
        #expect(list.status == 0 && list.output.contains("ONNX Runtime 1.99.0: reads ONNX"), "\(list)")
        #expect(list.output.contains("found ONNX Runtime 1.2.3, expected version 1.15 or later"), "\(list)")
        let graph = try Tool.run("model", "graph", scratch.path("g.onnx"), environment: environment)
        #expect(graph.status == 0 && graph.output.contains("x: float32 [?, 4]"), "\(graph)")
        let json = try Tool.run("model", "graph", scratch.path("g.onnx"), "--json", environment: environment)
        #expect(json.output.contains(#""outputs":[{"name":"y","element":"float32","shape":[null,4]}]"#), "\(json)")
        let wrong = try Tool.run(
            "model", "graph", scratch.path("g.onnx"), "--engine", "litert", environment: environment)
        #expect(wrong.status == 65 && wrong.errors.contains("LiteRT, which does not read it"), "\(wrong)")
        let unknown = try Tool.run("model", "graph", scratch.path("g.onnx"), "--engine", "x", environment: environment)
        #expect(unknown.status == 64, "\(unknown)")
        let bench = try Tool.run(
            "bench", "engine", scratch.path("g.onnx"), "--repeats", "2", "--json", environment: environment)
        #expect(bench.status == 0 && bench.output.contains(#""batch":16"#), "\(bench)")
    }

    @Test(
        "One bit of a graph changed, byte by byte: a result or one line, never a crash",
        .enabled(if: !RealEngines.all.isEmpty, RealEngines.notice(.onnxRuntime, .openVINO, .liteRT)))
    func flipped() throws {
        let scratch = try Scratch()
        var random = SplitMix64(seed: 9)
        for kind in RealEngines.all {
            let format = kind.formats[0]
            let file = Tool.root + "/Tests/Fixtures/graphs/multiply-add" + format.fileExtension
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
            // An engine takes a while to start: about 74 places of each file.
            let step = max(1, bytes.count / 74)
            for place in stride(from: Int(random.next() % UInt64(step)), to: bytes.count, by: step) {
                var changed = bytes
                changed[place] ^= 1 << UInt8(random.next() % 8)
                let path = scratch.path("g" + format.fileExtension)
                try Data(changed).write(to: URL(fileURLWithPath: path))
                let result = try Tool.run(
                    "bench", "engine", path, "--engine", kind.rawValue, "--batch", "2", "--repeats", "1")
                #expect(result.status == 0 || result.status == 65, "\(kind) byte \(place): \(result)")
                // LiteRT and OpenVINO write lines of their own to standard error.
                let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("earmark: ") }
                #expect(
                    lines.count == (result.status == 0 ? 0 : 1),
                    "\(kind) byte \(place): \(result)")
            }
        }
    }
}
