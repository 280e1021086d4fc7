import Engines
import Foundation
import TestSupport
import Testing

/// ONNX Runtime's telemetry, which is on from version 1.29, is off in this program.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct TelemetryTests {
    private static let graph = Tool.root + "/Tests/Fixtures/graphs/multiply-add.onnx"

    private func bench(_ engine: String, _ environment: [String: String]) throws -> Tool.Result {
        try Tool.run(
            "bench", "engine", Self.graph, "--engine", "onnxruntime", "--batch", "2", "--repeats", "1",
            environment: environment.merging(["EARMARK_ENGINES": engine]) { $1 })
    }

    @Test(
        "It is off before the library is opened, also where the user's variable says that it is on",
        .enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler), arguments: ["", "0", "false", "1"])
    func variable(value: String) throws {
        let scratch = try Scratch()
        try StubEngine.make(scratch.path("libonnxruntime.so"))
        let result = try bench(scratch.path("libonnxruntime.so"), ["ORT_DISABLE_TELEMETRY": value])
        #expect(result.status == 0 && result.output.contains("ONNX Runtime 1.99.0"), "\(result)")
    }

    @Test(
        "The real engine leaves no file in the user's cache or in the folder for temporary files",
        .enabled(if: RealEngines.engine(.onnxRuntime) != nil, RealEngines.notice(.onnxRuntime)))
    func files() throws {
        let engine = try #require(RealEngines.engine(.onnxRuntime))
        let scratch = try Scratch()
        let names = ["TMPDIR", "XDG_CACHE_HOME", "HOME"]
        // On servers that run tests the engine sends nothing by itself, and knows them by the last three.
        var environment = ["ORT_DISABLE_TELEMETRY": "0", "CI": "", "GITHUB_ACTIONS": "", "TF_BUILD": ""]
        for name in names {
            environment[name] = scratch.path(name)
            try FileManager.default.createDirectory(atPath: scratch.path(name), withIntermediateDirectories: true)
        }
        let result = try bench(engine.path, environment)
        #expect(result.status == 0, "\(result)")
        for name in names {
            let found = try FileManager.default.subpathsOfDirectory(atPath: scratch.path(name))
            #expect(found.isEmpty, "\(name): \(found)")
        }
    }
}
