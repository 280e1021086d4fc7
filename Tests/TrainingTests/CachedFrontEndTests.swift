import Cache
import Foundation
import Pipeline
import Sessions
import Stages
import Testing
import Training

/// Only rows of the networks' own front-end are trained on.
struct CachedFrontEndTests {
    private func run(_ fixture: TrainingFixture, _ cache: CacheFolder, mel: String) throws {
        let yaml = """
            name: other
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode}
              chunk: {uses: chunk, from: resample}
              mel: {uses: log-mel, from: chunk, \(mel)}
              raw-cache: {uses: cache, from: chunk, dtype: int16}
              mel-cache: {uses: cache, from: mel}
            """
        let session = try RunSession(
            pipeline: PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: []), manifest: fixture.manifest(),
            cache: cache
        )
        _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
        try session.close()
    }

    private func values(_ set: ChunkSet) throws -> [Float] {
        var mel = [Float](repeating: 0, count: 96 * 64)
        try set.fill(1, mel: &mel, wave: nil)
        return mel
    }

    /// As many bands, and another offset: nothing but the ledger tells them apart.
    @Test func rowsOfAnotherFrontEndAreNotTaken() throws {
        let fixture = try TrainingFixture(clips: 2)
        let usual = try values(fixture.chunks("train", architecture: .yamnet))
        try run(fixture, fixture.cache, mel: "offset: 0.01")
        #expect(try values(fixture.chunks("train", architecture: .yamnet)) == usual)
        let other = CacheFolder(folder: fixture.folder + "/other")
        try run(fixture, other, mel: "offset: 0.01")
        let fault = #expect(throws: TrainingError.self) {
            try ChunkSet(
                fixture.entries, classes: TrainingFixture.classes, cache: other, architecture: .yamnet, overlap: 0.5,
                normalization: .none)
        }
        #expect(fault.map { "\($0)" }?.contains("keeps mel with the front-end of yamnet (preset yamnet)") == true)
    }

    /// The same rows under settings that are for patches only: the last run does not take them away.
    @Test func theSameRowsAreTakenWhoeverRanLast() throws {
        let fixture = try TrainingFixture(clips: 2)
        let usual = try values(fixture.chunks("train", architecture: .yamnet))
        try run(fixture, fixture.cache, mel: "range: 3, mean: 1")
        #expect(try values(fixture.chunks("train", architecture: .yamnet)) == usual)
    }
}
