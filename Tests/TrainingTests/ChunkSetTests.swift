import Corpora
import Engines
import Files
import Foundation
import Models
import Testing
import Training

/// Chunks as views of cached rows.
struct ChunkSetTests {
    private func chunk(_ set: ChunkSet, _ index: Int) throws -> (mel: [Float], wave: [Float]) {
        var mel = [Float](repeating: .nan, count: 96 * 64)
        var wave = [Float](repeating: .nan, count: 16_000)
        try set.fill(index, mel: &mel, wave: &wave)
        return (mel, wave)
    }

    @Test("Chunks begin every hop, are normalised, and end in silence")
    func chunks() throws {
        let fixture = try TrainingFixture(clips: 3)
        let half = try fixture.chunks("train", architecture: .lean)
        let none = try fixture.chunks("train", architecture: .lean, overlap: 0)
        // Clips of 13,800 and 22,800 samples, padded to 16,000 and 24,000.
        #expect(half.clipCount == 4 && half.chunkCount == 6 && none.chunkCount == 6)
        let first = try chunk(half, 1)
        let second = try chunk(half, 2)
        #expect(first.wave.allSatisfy(\.isFinite) && first.mel.allSatisfy(\.isFinite))
        #expect(Array(first.wave[8000...]) == Array(second.wave[..<8000]))
        #expect(abs(first.mel.reduce(0, +)) < 0.5)
        #expect(try chunk(none, 1) == first)
        let tail = try chunk(none, 2)
        #expect(Array(second.wave[8000...]) == Array(tail.wave[..<8000]))
        #expect(tail.wave[8000...].allSatisfy { $0 == 0 })
        #expect(Set(tail.mel[(60 * 64)...]).count == 1)
    }

    @Test("A gain is the same sound louder, in samples and in frames")
    func gain() throws {
        let fixture = try TrainingFixture(clips: 2)
        let set = try fixture.chunks("train", architecture: .lean)
        var (mel, wave) = ([Float](repeating: 0, count: 6144), [Float](repeating: 0, count: 16_000))
        try set.fill(1, mel: &mel, wave: &wave, gain: 2)
        let plain = try chunk(set, 1)
        #expect(zip(wave, plain.wave).allSatisfy { abs($0 - 2 * $1) < 1e-6 })
        // Bands far above the offset of 0.001 rise alike, and the mean takes that away again; others are held by the offset.
        let loud = plain.mel.indices.filter { plain.mel[$0] > 1 }
        #expect(loud.count > 100)
        let rise = loud.map { mel[$0] - plain.mel[$0] }
        #expect((rise.max() ?? 1) - (rise.min() ?? 0) < 0.02)
        #expect(mel != plain.mel)
    }

    @Test("Chunks of silence are known by their frames or samples, and lose their labels where that is asked for")
    func silence() throws {
        for architecture in [Architecture.lean, .waveEncoder] {
            let set = try TrainingFixture(clips: 2, silence: 32_000).chunks("train", architecture: architecture)
            let perClip = set.chunkCount / 2
            for chunk in 0..<set.chunkCount {
                // 13,800 samples of sound, so every chunk from the third on is silent.
                #expect(try set.isSilent(chunk) == (chunk % perClip >= 2), "\(architecture) \(chunk)")
            }
        }
        func loss(_ set: ChunkSet, _ silence: TrainingOptions.Silence) throws -> Double {
            let parameters = ParameterBuffer(ParameterLayout(architecture: .waveEncoder, classes: 2))
            // No weight is 0, as silence through biases of 0 tells nothing of its labels.
            for index in 0..<parameters.count { parameters.values.pointer[index] = 0.01 }
            let runner = BatchRunner(
                network: TrainableNetwork(parameters: parameters), set: set, batch: set.chunkCount, threads: 1,
                silence: silence)
            return try runner.run(
                0..<set.chunkCount, of: EpochOrder(count: set.chunkCount, seed: 1, epoch: 0), epoch: 0)
        }
        let padded = try TrainingFixture(clips: 2, silence: 32_000).chunks("train")
        #expect(try loss(padded, .labelled) != loss(padded, .unlabelled))
        let plain = try TrainingFixture(clips: 2).chunks("train")
        #expect(try loss(plain, .labelled) == loss(plain, .unlabelled))
    }

    @Test("A clip without features, and one whose rows were changed, are named")
    func missing() throws {
        let fixture = try TrainingFixture(clips: 2)
        let absent = Manifest.Entry(clip: "absent", path: "x.wav", labels: ["Hum"])
        #expect {
            _ = try ChunkSet(
                [absent], classes: TrainingFixture.classes, cache: fixture.cache, architecture: .lean, overlap: 0.5,
                normalization: .none)
        } throws: { "\($0)".contains("'absent'") }
        let shards = try FileManager.default.contentsOfDirectory(atPath: fixture.cache.folder + "/shards")
        let mel = try #require(shards.first { $0.contains("mel") && $0.hasSuffix(".npy") })
        var bytes = try FileSystem.read(fixture.cache.folder + "/shards/" + mel)
        bytes[bytes.count - 3] ^= 4
        try FileSystem.write(fixture.cache.folder + "/shards/" + mel) { try $0(bytes[...]) }
        #expect { _ = try fixture.chunks("train", architecture: .lean) } throws: { "\($0)".contains(mel) }
    }
}
