import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Heads as ONNX: alone, and with their base as one network.
struct ONNXHeadTests {
    private static let count = 7
    private static let classes = ["one", "two", "three"]

    /// A base and a head on it; returns their paths.
    private func write(
        _ architecture: Architecture, pooling: ClipPooling, hidden: Int, in folder: String,
        change: (inout HeadMetadata) -> Void = { _ in }
    ) throws -> (base: String, head: String) {
        let base = folder + "/base.safetensors"
        try ModelFileWriter.write(
            parameters: Seeded.parameters(architecture, classes: 4),
            metadata: Seeded.metadata(architecture, classes: 4), to: base)
        var metadata = HeadMetadata(
            baseName: architecture.rawValue, baseDigest: try ModelDigest.ofScores(base), basePath: base,
            basePrecision: "float32", normalization: try ModelFile(path: base).metadata.normalization,
            embeddingSize: architecture.headInputs, hidden: hidden, pooling: pooling, classes: Self.classes,
            licence: "CC0-1.0", source: "a test")
        change(&metadata)
        let parameters = Dictionary(
            uniqueKeysWithValues: metadata.parameters.enumerated().map { index, shape in
                let scale = shape.shape.count > 1 ? 6 / Float(shape.shape[0]).squareRoot() : 1
                return (shape.name, Seeded.uniform(stream: 940 + index, count: shape.count).map { scale * $0 })
            })
        let head = folder + "/head.safetensors"
        try HeadFile.write(parameters: parameters, metadata: metadata, to: head)
        return (base, head)
    }

    @Test("A head alone takes embeddings; with its base it takes what the base takes, and the base's classes are gone")
    func graphs() throws {
        try TemporaryFolder.with { folder in
            let (base, head) = try write(.lean, pooling: .attention, hidden: 5, in: folder)
            let alone = try ONNXExporter.exportHead(from: head, base: nil, to: folder + "/alone.onnx")
            #expect(alone.inputs == ["embeddings (batch, 512)"])
            #expect(alone.outputs == ["scores (batch, 3)", "weights (batch, 3)"])
            let whole = try ONNXExporter.exportHead(from: head, base: base, to: folder + "/whole.onnx")
            #expect(whole.inputs == ["mel (batch, 96, 64)", "wave (batch, 16000)"])
            #expect(whole.outputs == alone.outputs + ["embeddings (batch, 512)"])
            let samples = try ONNXExporter.exportHead(
                from: head, base: base, to: folder + "/samples.onnx", hasFrontEnd: true)
            #expect(samples.inputs == ["wave (batch, 16000)"])
            for name in ["alone", "whole", "samples"] {
                let file = try ONNXFile(path: "\(folder)/\(name).onnx")
                var known = Set(file.tensors.keys).union(file.inputs.map(\.name))
                for node in file.nodes {
                    for input in node.inputs { #expect(known.contains(input), "\(node.operation) reads \(input)") }
                    for output in node.outputs { #expect(known.insert(output).inserted, "\(output) is made twice") }
                }
                #expect(file.tensors["output/w"]?.shape == [5, 3] && file.tensors["head/w"] == nil)
                let texts = file.texts
                #expect(texts["classes"] == "[\"one\",\"two\",\"three\"]" && texts["pooling"] == "attention")
                let digest = try ModelDigest.ofFile(head)
                #expect(texts["base_path"] == nil && texts["model"] == digest)
                #expect((texts["front_end"] == nil) == (name == "alone"))
            }
            let (_, plain) = try write(.yamnet, pooling: .mean, hidden: 0, in: folder)
            let mean = try ONNXExporter.exportHead(from: plain, base: nil, to: folder + "/mean.onnx")
            #expect(mean.outputs == ["scores (batch, 3)"] && mean.inputs == ["embeddings (batch, 1024)"])
        }
    }

    @Test("A base that is not the head's, or not one that it can read, is refused, and nothing is written")
    func refusals() throws {
        try TemporaryFolder.with { folder in
            let (base, head) = try write(.yamnet, pooling: .mean, hidden: 0, in: folder)
            let other = folder + "/other.safetensors"
            try ModelFileWriter.write(
                parameters: Seeded.parameters(.yamnet, classes: 5), metadata: Seeded.metadata(.yamnet, classes: 5),
                to: other)
            func refusal(_ head: String, _ base: String) -> String {
                let out = folder + "/out.onnx"
                let error = #expect(throws: ModelError.self) {
                    try ONNXExporter.exportHead(from: head, base: base, to: out)
                }
                #expect(!FileManager.default.fileExists(atPath: out))
                return error?.description ?? ""
            }
            #expect(refusal(head, other).contains("but \(other) has sha256:"))
            #expect(refusal(head, head).contains("but \(head) has sha256:"))
            #expect(refusal(base, base).contains("architecture"))
            for change in [
                { $0.embeddingSize = 1000 }, { $0.normalization = .bandMean },
            ] as [(inout HeadMetadata) -> Void] {
                let (base, wrong) = try write(.yamnet, pooling: .mean, hidden: 0, in: folder, change: change)
                #expect(refusal(wrong, base).contains("but its base \(base) gives 1024"))
            }
        }
    }

    @Test(
        "In ONNX Runtime a head's scores and weights are ours within 1e-5, alone and with its base",
        .enabled(if: ONNXPython.python != nil, ONNXPython.notice),
        arguments: [(Architecture.yamnet, ClipPooling.mean, 0), (.lean, .attention, 5), (.yamnet, .max, 64)])
    func scores(architecture: Architecture, pooling: ClipPooling, hidden: Int) throws {
        try TemporaryFolder.with { folder in
            let (base, head) = try write(architecture, pooling: pooling, hidden: hidden, in: folder)
            let engine = try EngineRegistry.standard.load(head)
            let mel = Seeded.uniform(stream: 913, count: Self.count * 96 * 64).map { $0 * 8 }
            let wave = Seeded.uniform(stream: 914, count: Self.count * 16_000)
            let session = try engine.makeSession(maxBatch: Self.count)
            var embeddings = [Float](repeating: .nan, count: Self.count * architecture.headInputs)
            var scores = [Float](repeating: .nan, count: Self.count * Self.classes.count)
            var weights = scores
            try session.forward(mel: mel, wave: wave, count: Self.count, embeddings: &embeddings, scores: &scores)
            var values = [("mel", mel), ("wave", wave), ("scores", scores), ("embeddings", embeddings)]
            var limits = "scores,1e-5\n"
            if let session = session as? any WeighingSession, pooling == .attention {
                try session.weigh(embeddings: embeddings, count: Self.count, weights: &weights)
                values.append(("weights", weights))
                limits += "weights,1e-4\n"
            }
            for name in ["alone", "whole"] {
                let place = "\(folder)/cases/\(name)"
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                _ = try ONNXExporter.exportHead(
                    from: head, base: name == "alone" ? nil : base, to: place + "/model.onnx")
                for (file, floats) in values {
                    try floats.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: "\(place)/\(file).f32"))
                }
                let own = limits + (name == "alone" ? "" : "embeddings,1e-4\n")
                try Data(own.utf8).write(to: URL(fileURLWithPath: place + "/limits.csv"))
            }
            let result = try ONNXPython.check(["cases", folder + "/cases"])
            #expect(result.status == 0, "\(result.text)")
            print(result.text)
        }
    }
}
