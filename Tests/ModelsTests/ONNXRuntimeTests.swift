import Engines
import Features
import Foundation
import Models
import TestSupport
import Testing

/// Exported networks in ONNX Runtime against this program's own forward pass.
@Suite(.enabled(if: ONNXPython.python != nil, ONNXPython.notice))
struct ONNXRuntimeTests {
    private static let count = 7

    /// A folder that Scripts/tests/check_onnx.py reads: a model, inputs, and what this program makes of them.
    private func write(
        _ name: String, in folder: String, model: String, areIntegers: Bool = false, hasFrontEnd: Bool = false,
        against precision: Precision = .float32, mel: [Float], wave: [Float], limits: String
    ) throws {
        let place = folder + "/" + name
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        _ = try ONNXExporter.export(
            from: model, to: place + "/model.onnx", areIntegers: areIntegers, hasFrontEnd: hasFrontEnd)
        let engine = try EngineRegistry.standard.load(model, precision: precision)
        let session = try engine.makeSession(maxBatch: Self.count)
        var embeddings = [Float](repeating: .nan, count: Self.count * engine.model.embeddingSize)
        var scores = [Float](repeating: .nan, count: Self.count * engine.model.classCount)
        try session.forward(mel: mel, wave: wave, count: Self.count, embeddings: &embeddings, scores: &scores)
        for (file, values) in [("mel", mel), ("wave", wave), ("scores", scores), ("embeddings", embeddings)] {
            let bytes = values.withUnsafeBytes { Data($0) }
            try bytes.write(to: URL(fileURLWithPath: "\(place)/\(file).f32"))
        }
        try Data(limits.utf8).write(to: URL(fileURLWithPath: place + "/limits.csv"))
    }

    private func model(
        _ architecture: Architecture, _ normalization: Normalization, attentionScale: Float = 1 / 16,
        waveScale: WaveScale = .none, in folder: String
    ) throws -> String {
        let path = folder + "/\(architecture.rawValue).safetensors"
        var metadata = Seeded.metadata(architecture, classes: 11)
        metadata.normalization = normalization
        (metadata.attentionScale, metadata.waveScale) = (attentionScale, waveScale)
        try ModelFileWriter.write(
            parameters: Seeded.parameters(architecture, classes: 11), metadata: metadata, to: path)
        return path
    }

    private func check(_ folder: String) throws {
        let result = try ONNXPython.check(["cases", folder])
        #expect(result.status == 0, "\(result.text)")
        print(result.text)
    }

    private static let mel = Seeded.uniform(stream: 911, count: count * 96 * 64).map { $0 * 8 }
    private static let wave = Seeded.uniform(stream: 912, count: count * 16_000)

    @Test(
        "Every network gives the scores of ours within 1e-5 for 1, 2 and 7 chunks", arguments: Architecture.classifiers)
    func floats(architecture: Architecture) throws {
        try TemporaryFolder.with { folder in
            let model = try model(architecture, .chunkMean, in: folder)
            try write(
                architecture.rawValue, in: folder + "/cases", model: model, mel: Self.mel, wave: Self.wave,
                limits: "scores,1e-5\nembeddings,1e-4\n")
            try check(folder + "/cases")
        }
    }

    @Test("The scales of the attention and of the samples are in the graph, also for quiet and silent chunks")
    func scales() throws {
        // The last chunks are quiet, below the floor, and silent.
        let levels: [Float] = [1, 1, 0.5, 0.1, 0.01, 0x1p-12, 0]
        let wave = Self.wave.enumerated().map { $1 * levels[$0 / 16_000] }
        try TemporaryFolder.with { folder in
            let model = try model(.lean, .chunkMean, attentionScale: 0.75, waveScale: .rms, in: folder)
            try write(
                "lean scaled", in: folder + "/cases", model: model, mel: Self.mel, wave: wave,
                limits: "scores,1e-5\nembeddings,1e-4\n")
            try check(folder + "/cases")
        }
    }

    @Test("In integers the scores stay near those of our 8-bit pass and of floats", arguments: Architecture.classifiers)
    func integers(architecture: Architecture) throws {
        try TemporaryFolder.with { folder in
            let model = try model(architecture, .chunkMean, in: folder)
            for precision in Precision.allCases {
                try write(
                    "\(architecture.rawValue) int8 against \(precision.rawValue)", in: folder + "/cases", model: model,
                    areIntegers: true, against: precision, mel: Self.mel, wave: Self.wave, limits: "scores,0.03\n")
            }
            try check(folder + "/cases")
        }
    }

    /// Chunks of noise that fades in, beside tones, of quite different loudness.
    private static let waves: [Float] = (0..<count).flatMap { chunk -> [Float] in
        let noise = Seeded.uniform(stream: 920 + chunk, count: 16_000)
        let (tone, level) = (Double(150 + 900 * chunk), Float(1) / Float(1 << chunk))
        return noise.enumerated().map { index, value in
            let swing = Float(sin(2 * Double.pi * tone * Double(index) / 16_000))
            return level * (0.5 * swing + value * Float(index) / 16_000)
        }
    }

    @Test(
        "With its front-end a graph gives the scores of our log-mel and network within 1e-4",
        arguments: [Architecture.yamnet, .lean], [Normalization.none, .chunkMean, .bandMean])
    func frontEnd(architecture: Architecture, normalization: Normalization) throws {
        var patches: [Float] = []
        let logMel = try LogMel(frontEnd: .standard)
        for chunk in 0..<Self.count {
            var patch: [Float] = []
            logMel.reset()
            try Self.waves[chunk * 16_000..<(chunk + 1) * 16_000].withUnsafeBufferPointer { samples in
                try logMel.process(samples) { frames, _ in patch += frames }
            }
            patch.removeLast(patch.count - 96 * 64)
            patch.withUnsafeMutableBufferPointer { normalization.apply(to: $0, bands: 64) }
            patches += patch
        }
        try TemporaryFolder.with { folder in
            let model = try model(architecture, normalization, in: folder)
            try write(
                "\(architecture.rawValue)-\(normalization.rawValue)", in: folder + "/cases", model: model,
                hasFrontEnd: true, mel: patches, wave: Self.waves, limits: "scores,1e-4\n")
            try check(folder + "/cases")
        }
    }
}
