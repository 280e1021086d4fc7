import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Whole networks in 8-bit integers against golden vectors, against other batches, other instruction sets and the
/// quantised file.
struct Int8ForwardTests {
    private func model(_ architecture: Architecture, classes: Int) throws -> Int8Model {
        let parameters = Seeded.parameters(architecture, classes: classes)
        return try Int8Model(
            metadata: Seeded.metadata(architecture, classes: classes), floats: { parameters[$0.name] ?? [] },
            integers: { QuantizedTensor(rounding: parameters[$0.name] ?? [], outputs: $0.shape[1]) })
    }

    private func run(
        _ session: any InferenceSession, _ model: ModelDescription, mel: [Float], wave: [Float], count: Int
    ) throws -> (embeddings: [Float], scores: [Float]) {
        var embeddings = [Float](repeating: .nan, count: count * model.embeddingSize)
        var scores = [Float](repeating: .nan, count: count * model.classCount)
        try session.forward(mel: mel, wave: wave, count: count, embeddings: &embeddings, scores: &scores)
        return (embeddings, scores)
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
    }

    @Test(
        "Every network scores as an independent 8-bit pass does, and near the one in floats",
        arguments: Architecture.classifiers)
    func equalsReference(architecture: Architecture) throws {
        let isPlain = architecture == .yamnet
        let model = try model(architecture, classes: isPlain ? 521 : 200)
        let found = try run(
            try model.makeSession(maxBatch: 2), model.model,
            mel: try Fixture.floats(isPlain ? "mel" : "mel-chunk-mean"),
            wave: Seeded.uniform(stream: 901, count: 32_000).map { $0 * 4 }, count: 2)
        let expected = try Fixture.floats("\(architecture.rawValue)-int8-scores")
        let float = try Fixture.floats("\(architecture.rawValue)-scores")
        let difference = largestDifference(found.scores, expected)
        // A sum that the reference rounds otherwise, one in thousands, moves an activation by one step of 127.
        #expect(difference < 3e-4, "\(difference)")
        #expect(largestDifference(expected, float) > 3e-4 && largestDifference(found.scores, float) < 0.03)
    }

    @Test("A chunk's scores are the same bits whatever chunks share its batch", arguments: Architecture.classifiers)
    func batchesDoNotMatter(architecture: Architecture) throws {
        let count = 37
        let model = try model(architecture, classes: 13)
        let patch = 96 * 64
        let mel = Seeded.uniform(stream: 902, count: count * patch).map { $0 * 8 }
        let wave = Seeded.uniform(stream: 903, count: count * 16_000)
        let session = try model.makeSession(maxBatch: count)
        let all = try run(session, model.model, mel: mel, wave: wave, count: count)
        for (round, size) in [1, 2, 7, 9, 25, 33].enumerated() {
            // Chunks in another order, from another place, in another number.
            let chosen = (0..<size).map { (round * 11 + $0 * 5) % count }
            let found = try run(
                session, model.model, mel: chosen.flatMap { mel[$0 * patch..<($0 + 1) * patch] },
                wave: chosen.flatMap { wave[$0 * 16_000..<($0 + 1) * 16_000] }, count: size)
            let expected = chosen.flatMap { all.scores[$0 * 13..<($0 + 1) * 13] }
            #expect(found.scores.map(\.bitPattern) == expected.map(\.bitPattern), "\(size) chunks")
        }
    }

    @Test("Every instruction set gives the same bits of a network's scores", arguments: Architecture.classifiers)
    func instructionSetsDoNotMatter(architecture: Architecture) throws {
        let model = try model(architecture, classes: 5)
        let mel = Seeded.uniform(stream: 905, count: 3 * 96 * 64).map { $0 * 8 }
        let wave = Seeded.uniform(stream: 906, count: 3 * 16_000)
        var results: [(embeddings: [Float], scores: [Float])] = []
        for kernels in Int8Kernels.InstructionSet.allCases.compactMap({ Int8Kernels($0) }) {
            for floats in [Kernels(.portable) ?? .best, .best] {
                let session = try model.makeSession(maxBatch: 3, kernels: kernels, floats: floats)
                results.append(try run(session, model.model, mel: mel, wave: wave, count: 3))
            }
        }
        #expect(results.count >= 4)
        for other in results {
            #expect(other.scores.map(\.bitPattern) == results[0].scores.map(\.bitPattern))
            #expect(other.embeddings.map(\.bitPattern) == results[0].embeddings.map(\.bitPattern))
        }
    }

    @Test("A float file computed in int8 and its quantised file give the same bits; each says what it is stored in")
    func filesAgree() throws {
        let temporary = try TemporaryFolder()
        let (float, int8) = (temporary.path + "/f32", temporary.path + "/int8")
        try ModelFileWriter.write(
            parameters: Seeded.parameters(.lean, classes: 4), metadata: Seeded.metadata(.lean, classes: 4), to: float)
        try ModelQuantizer.quantize(from: float, to: int8)
        let mel = Seeded.uniform(stream: 907, count: 2 * 96 * 64).map { $0 * 8 }
        let wave = Seeded.uniform(stream: 908, count: 2 * 16_000)
        func scores(_ path: String, _ precision: Precision?) throws -> (precision: String, bits: [UInt32]) {
            let engine = try EngineRegistry.standard.load(path, precision: precision)
            let found = try run(
                try engine.makeSession(maxBatch: 2), engine.model, mel: mel, wave: wave, count: 2)
            return (engine.model.precision, found.scores.map(\.bitPattern))
        }
        let rounded = try scores(int8, nil)
        let asked = try scores(int8, .int8)
        #expect(rounded.precision == "int8" && rounded == asked)
        #expect(try scores(float, .int8) == rounded)
        let exact = try scores(float, nil)
        let askedFloat = try scores(float, .float32)
        #expect(exact.precision == "f32" && exact.bits != rounded.bits && exact == askedFloat)
        let expanded = try scores(int8, .float32)
        #expect(expanded.precision == "f32" && expanded.bits != rounded.bits && expanded.bits != exact.bits)
        #expect(try EngineRegistry.standard.describe(int8).precision(asked: nil) == .int8)
        #expect(try EngineRegistry.standard.describe(int8).precision(asked: .float32) == .float32)
        #expect(try EngineRegistry.standard.describe(float).precision(asked: nil) == .float32)
    }

    @Test("An engine without a choice of precision refuses one")
    func foreignEnginesHaveNoChoice() throws {
        let temporary = try TemporaryFolder()
        let foreign = try temporary.put("foreign", "fake mel wave")
        let registry = EngineRegistry([FakeProvider(frontEnd: .standard)])
        _ = try registry.load(foreign, precision: nil)
        let error = #expect(throws: ModelError.self) { try registry.load(foreign, precision: .int8) }
        #expect(error?.message.contains("found 'int8', expected 'auto'") == true)
    }

    @Test("What a session is not given, it says")
    func sessionsThrow() throws {
        let model = try model(.lean, classes: 2)
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

    @Test("Activation ranges limit what a layer represents, and are refused if they are not of the network")
    func ranges() throws {
        let parameters = Seeded.parameters(.yamnet, classes: 3)
        let mel = Seeded.uniform(stream: 909, count: 96 * 64).map { $0 * 8 }
        func embeddings(_ ranges: [String: Float]) throws -> [Float] {
            var metadata = Seeded.metadata(.yamnet, classes: 3)
            metadata.activationRanges = ranges
            let model = try Int8Model(
                metadata: metadata, floats: { parameters[$0.name] ?? [] },
                integers: { QuantizedTensor(rounding: parameters[$0.name] ?? [], outputs: $0.shape[1]) })
            return try run(try model.makeSession(maxBatch: 1), model.model, mel: mel, wave: [0], count: 1).embeddings
        }
        let usual = try embeddings([:])
        let narrow = try embeddings(["pw13": 0.25])
        #expect((usual.max() ?? 0) > 0.25 && (narrow.max() ?? 0) <= 0.25 && (narrow.max() ?? 0) > 0.1)
        #expect(try embeddings(["dw3": 5]) != usual)
        #expect(try embeddings(["dw3": 6]) == usual)

        let temporary = try TemporaryFolder()
        var metadata = Seeded.metadata(.yamnet, classes: 3)
        metadata.activationRanges = ["pw13": 0.25]
        let path = temporary.path + "/ranges"
        try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
        #expect(try ModelFile(path: path).metadata == metadata)
        for wrong in [["pw14": 1], ["pw13": 7], ["pw13": 0], ["dw2": -1], ["conv": 1]] as [[String: Float]] {
            metadata.activationRanges = wrong
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
            let error = #expect(throws: ModelError.self) { try ModelFile(path: path) }
            #expect(error?.description.contains("activation_ranges") == true)
        }
    }
}
