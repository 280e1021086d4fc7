import Engines
import Features
import Foundation
import Models
import TestSupport
import Testing

/// The one place where model files are opened: who gets which file, and what is refused.
struct EngineRegistryTests {
    private let registry = EngineRegistry([FakeProvider(frontEnd: .standard)])

    @Test("What no engine takes is refused as the native one refuses it")
    func unknownFiles() throws {
        let temporary = try TemporaryFolder()
        var paths = [temporary.path, temporary.path + "/absent"]
        let files: [(String, [UInt8])] = [
            ("empty", []), ("text.safetensors", Array("fakery, not a model".utf8)),
            ("zeros", [UInt8](repeating: 0, count: 99)),
            ("net.tflite", [28, 0, 0, 0] + Array("TFL3".utf8)),
            ("net.pt", [0x50, 0x4B, 3, 4] + Array("x/data.pkl".utf8)),
            ("net.onnx", [8, 7, 0x12, 7] + Array("pytorch".utf8)), ("array.npy", [0x93] + Array("NUMPY".utf8)),
        ]
        for (name, bytes) in files { paths.append(try temporary.put(name, bytes)) }
        for path in paths {
            let wanted = try #require(message { _ = try NativeModel.load(path: path) }, "\(path)")
            for registry in [registry, .standard] {
                #expect(message { _ = try registry.load(path) } == wanted)
                #expect(message { _ = try registry.describe(path) } == wanted)
            }
            #expect(wanted.contains(path) && !wanted.contains("\n"))
        }
    }

    @Test("A file goes to the first engine that accepts it")
    func firstThatAccepts() throws {
        let temporary = try TemporaryFolder()
        let foreign = try temporary.put("foreign", "fake mel wave")
        #expect(try registry.describe(foreign).network == "fake")
        let engine = try registry.load(foreign)
        let told = try registry.describe(foreign)
        #expect(engine.model.inputs == [.mel, .wave] && engine.model == told)
        #expect(try registry.digest(foreign) == ModelDigest.ofFile(foreign))
        #expect(throws: ModelError.self) { try EngineRegistry.standard.load(foreign) }

        let bare = EngineRegistry([FakeProvider(frontEnd: .standard), Claims(network: "second")])
        #expect(try bare.describe(foreign).network == "fake")
        #expect(try EngineRegistry([Claims(network: "second")]).describe(foreign).network == "second")
    }

    /// Takes every file.
    private struct Claims: EngineProvider {
        let network: String

        func accepts(_ path: String) -> Bool { true }
        func describe(_ path: String) throws -> ModelDescription {
            ModelDescription(
                network: network, precision: "f32", inputs: .wave, rate: 1, chunk: 1, frontEnd: nil,
                normalization: .none, classes: ["one"], embeddingSize: 0)
        }
        func load(_ path: String) throws -> any InferenceEngine { FakeEngine(["wave"], .standard) }
    }

    @Test("A native network says what its architecture needs", arguments: Architecture.classifiers)
    func nativeDescriptions(architecture: Architecture) throws {
        let temporary = try TemporaryFolder()
        let (float, int8) = (temporary.path + "/f32", temporary.path + "/int8")
        try ModelFileWriter.write(
            parameters: Seeded.parameters(architecture, classes: 4),
            metadata: Seeded.metadata(architecture, classes: 4),
            to: float)
        try ModelQuantizer.quantize(from: float, to: int8)
        let size = [
            Architecture.yamnet: 1024, .yamnetProjection: 256, .waveEncoder: 256, .leanMean: 512, .lean: 512,
        ]
        for (path, precision) in [(float, "f32"), (int8, "int8")] {
            let model = try registry.describe(path)
            #expect(try registry.load(path).model == model)
            #expect(model.network == architecture.rawValue && model.precision == precision)
            #expect(model.needsMel == (architecture != .waveEncoder))
            #expect(model.needsWave == !architecture.rawValue.hasPrefix("yamnet"))
            #expect(model.frontEnd == (model.needsMel ? .standard : nil))
            #expect(model.rate == 16_000 && model.chunk == 16_000 && model.normalization == .chunkMean)
            #expect(model.patchSize == (model.needsMel ? 6144 : 0) && model.waveSize == (model.needsWave ? 16_000 : 0))
            #expect(model.classes == ["Class 0", "Class 1", "Class 2", "Class 3"] && model.classIDs[3] == "/m/03")
            #expect(model.embeddingSize == size[architecture])
        }
    }

    @Test("What a session is not given, it says")
    func sessionsThrow() throws {
        let model = try Seeded.model(.lean, classes: 2)
        #expect(throws: InferenceError.self) { try model.makeSession(maxBatch: 0) }
        let session = try model.makeSession(maxBatch: 1)
        let (mel, wave) = ([Float](repeating: 0, count: 2 * 6144), [Float](repeating: 0, count: 2 * 16_000))
        var scores = [Float](repeating: 0, count: 4)
        #expect(throws: InferenceError.self) {
            try session.forward(mel: nil, wave: wave, count: 1, embeddings: nil, scores: &scores)
        }
        #expect(throws: InferenceError.self) {
            try session.forward(mel: mel, wave: nil, count: 1, embeddings: nil, scores: &scores)
        }
        #expect(throws: InferenceError.self) {
            try session.forward(mel: mel, wave: wave, count: 2, embeddings: nil, scores: &scores)
        }
        try session.forward(mel: mel, wave: wave, count: 1, embeddings: nil, scores: &scores)
        #expect(scores[0] > 0 && scores[2] == 0)
    }
}
