import Engines
import Evaluation
import Features
import TestSupport
import Testing
import Training

/// Evaluating asks an engine what it reads, and takes its scores whatever it is.
struct EngineScoresTests {
    @Test("A clip's scores are the means of its chunks', by any engine", arguments: ["mel", "wave", "mel wave"])
    func anyEngine(reads: String) throws {
        let fixture = try TrainingFixture(clips: 3)
        let engine = FakeEngine(Set(reads.split(separator: " ").map(String.init)), .standard)
        let model = engine.model
        let set = try ChunkSet(
            fixture.entries, classes: TrainingFixture.classes, cache: fixture.cache, inputs: model.inputs,
            of: model.network, overlap: 0.5, normalization: .none)
        let table = try ClipScorer(engine: engine, threads: 2).score(set).table
        let session = try engine.makeSession(maxBatch: 1)
        var chunk = 0
        for clip in 0..<set.clipCount {
            var sums = [Double](repeating: 0, count: model.classCount)
            var count = 0
            // Sounds of 4,800 samples and 9,000 more from one to the next, a chunk every half second.
            let samples = 4800 + 9000 * (clip % 3)
            for _ in 0..<(samples <= 16_000 ? 1 : (samples - 16_000 + 7999) / 8000 + 1) {
                let (mel, wave) = (AlignedFloats(count: 6144), AlignedFloats(count: 16_000))
                var scores = [Float](repeating: 0, count: model.classCount)
                try set.fill(
                    chunk, mel: model.needsMel ? mel.pointer : nil, wave: model.needsWave ? wave.pointer : nil)
                try withExtendedLifetime((mel, wave)) {
                    try session.forward(
                        mel: model.needsMel ? UnsafePointer(mel.pointer) : nil,
                        wave: model.needsWave ? UnsafePointer(wave.pointer) : nil, count: 1, embeddings: nil,
                        scores: &scores)
                }
                for (place, score) in scores.enumerated() { sums[place] += Double(score) }
                chunk += 1
                count += 1
            }
            for (place, sum) in sums.enumerated() {
                #expect(abs(Double(table.scores[clip * model.classCount + place]) - sum / Double(count)) < 1e-5)
            }
        }
        #expect(chunk == set.chunkCount)
    }
}
