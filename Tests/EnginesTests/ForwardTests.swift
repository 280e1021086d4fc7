import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Whole networks against golden vectors, against other batches and against other instruction sets.
struct ForwardTests {
    static let seeded: [Architecture] = [.lean, .leanMean, .waveEncoder, .yamnetProjection]

    private func run(
        _ model: NativeModel, mel: [Float], wave: [Float], count: Int, kernels: Kernels = .best
    ) throws -> (embeddings: [Float], scores: [Float]) {
        let session = try model.makeSession(maxBatch: count, kernels: kernels)
        var embeddings = [Float](repeating: .nan, count: count * model.embeddingSize)
        var scores = [Float](repeating: .nan, count: count * model.classCount)
        try session.forward(mel: mel, wave: wave, count: count, embeddings: &embeddings, scores: &scores)
        return (embeddings, scores)
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
    }

    @Test("Every LEAN variant scores as the reference does, within 1e-5", arguments: seeded)
    func equalsReference(architecture: Architecture) throws {
        let model = try Seeded.model(architecture, classes: 200)
        let found = try run(
            model, mel: try Fixture.floats("mel-chunk-mean"),
            wave: Seeded.uniform(stream: 901, count: 32_000).map { $0 * 4 }, count: 2)
        let expected = try Fixture.floats("\(architecture.rawValue)-scores")
        #expect(largestDifference(found.scores, expected) < 1e-5)
        #expect((expected.max() ?? 0) - (expected.min() ?? 0) > 0.01)
    }

    @Test("YAMNet with parameters by formula scores as the reference does, within 1e-5")
    func yamnetByFormulaEqualsReference() throws {
        let model = try Seeded.model(.yamnet, classes: 521)
        let found = try run(model, mel: try Fixture.floats("mel"), wave: [0], count: 2)
        let (embeddings, scores) = (try Fixture.floats("yamnet-embeddings"), try Fixture.floats("yamnet-scores"))
        #expect(largestDifference(found.embeddings, embeddings) < 1e-5)
        #expect(largestDifference(found.scores, scores) < 1e-5)
        #expect((embeddings.max() ?? 0) > 0.5 && (scores.max() ?? 0) - (scores.min() ?? 0) > 0.3)
    }

    /// Imports a file and runs it; what it gives, and what the reference reads from the same file.
    private func imported(
        tflite: String, classes: String, folder: String
    ) throws -> (model: NativeModel, difference: Float) {
        let path = folder + "/yamnet.safetensors"
        try YAMNetImporter.importModel(tflite: tflite, classes: classes, to: path, sha256: "abc")
        let model = try NativeModel.load(path: path)
        #expect(model.classCount == 521 && model.embeddingSize == 1024 && model.metadata.createdFrom == "abc")
        let found = try run(model, mel: try Fixture.floats("mel"), wave: [0], count: 2)
        try Reference.run("yamnet_file.py", "score", tflite, folder)
        let embeddings = try Fixture.floats(path: folder + "/embeddings.npy")
        let scores = try Fixture.floats(path: folder + "/scores.npy")
        #expect((scores.max() ?? 0) - (scores.min() ?? 0) > 0.3)
        return (
            model,
            max(largestDifference(found.embeddings, embeddings), largestDifference(found.scores, scores))
        )
    }

    @Test(
        "A made-up file of YAMNet's form scores as the reference does, within 1e-5",
        .enabled(if: Reference.isAtHand, Reference.notice))
    func madeUpFileEqualsReference() throws {
        try TemporaryFolder.with { folder in
            let file = try Reference.madeUpYAMNet(folder)
            let (model, difference) = try imported(tflite: file.tflite, classes: file.classes, folder: folder)
            #expect(difference < 1e-5)
            #expect(model.classes[1] == "Class 1, made up" && model.metadata.classIDs[1] == "/m/made1")
        }
    }

    @Test(
        "YAMNet's own file scores as the reference does, within 1e-4",
        .enabled(if: Fixture.hasYAMNet, Fixture.noYAMNet), .enabled(if: Reference.isAtHand, Reference.notice))
    func yamnetEqualsReference() throws {
        try TemporaryFolder.with { folder in
            let (model, difference) = try imported(
                tflite: Fixture.tflite, classes: Fixture.classMap, folder: folder)
            #expect(difference < 1e-4)
            #expect(model.classes[0] == "Speech" && model.classes[1] == "Child speech, kid speaking")
            #expect(model.metadata.classIDs[1] == "/m/0ytgt")
        }
    }

    @Test("A chunk's scores are the same bits whatever chunks share its batch", arguments: Architecture.classifiers)
    func batchesDoNotMatter(architecture: Architecture) throws {
        let count = 37
        let model = try Seeded.model(architecture, classes: 13)
        let patch = 96 * 64
        let mel = Seeded.uniform(stream: 902, count: count * patch).map { $0 * 8 }
        let wave = Seeded.uniform(stream: 903, count: count * 16_000)
        let all = try run(model, mel: mel, wave: wave, count: count)
        let session = try model.makeSession(maxBatch: count)
        var sizes = Seeded.uniform(stream: 904, count: 12).map { 1 + Int(($0 + 0.5) * 29) }
        sizes.append(1)
        for (round, size) in sizes.enumerated() {
            // Chunks in another order, from another place, in another number.
            let chosen = (0..<size).map { (round * 11 + $0 * 5) % count }
            let someMel = chosen.flatMap { mel[$0 * patch..<($0 + 1) * patch] }
            let someWave = chosen.flatMap { wave[$0 * 16_000..<($0 + 1) * 16_000] }
            var scores = [Float](repeating: .nan, count: size * model.classCount)
            try session.forward(mel: someMel, wave: someWave, count: size, embeddings: nil, scores: &scores)
            let expected = chosen.flatMap { all.scores[$0 * model.classCount..<($0 + 1) * model.classCount] }
            #expect(scores.map(\.bitPattern) == expected.map(\.bitPattern), "\(size) chunks")
        }
    }

    @Test("Every instruction set gives the same bits of a network's scores", arguments: Architecture.classifiers)
    func instructionSetsDoNotMatter(architecture: Architecture) throws {
        let model = try Seeded.model(architecture, classes: 5)
        let mel = Seeded.uniform(stream: 905, count: 3 * 96 * 64).map { $0 * 8 }
        let wave = Seeded.uniform(stream: 906, count: 3 * 16_000)
        let results = try Kernels.InstructionSet.allCases.compactMap { Kernels($0) }.map {
            try run(model, mel: mel, wave: wave, count: 3, kernels: $0)
        }
        #expect(results.count >= 2)
        for other in results {
            #expect(other.scores.map(\.bitPattern) == results[0].scores.map(\.bitPattern))
            #expect(other.embeddings.map(\.bitPattern) == results[0].embeddings.map(\.bitPattern))
        }
    }
}
