import Audio
import Cache
import Corpora
import Engines
import Files
import Foundation
import Ledger
import Models
import Pipeline
import Results
import Sessions
import Stages
import TestSupport
import Testing
import Training

/// A cache serves every overlap: what is evaluated on rows made with one is what a run with the other gives.
struct OverlapTests {
    /// At the edges of chunks, of hops, and of what the last frame of a padded clip does not reach.
    private static let lengths = [
        1, 399, 7_999, 15_500, 15_920, 15_921, 16_000, 16_001, 19_999, 20_000, 20_001, 23_680, 23_681, 23_840, 23_921,
        24_000, 24_001, 27_990, 28_000, 31_999, 32_000, 32_001, 39_700, 40_000, 52_000,
    ]
    /// Fewer where samples are rounded: what differs then is the tail alone.
    private static func overlaps(_ raw: String) -> [Double] { raw == "int16" ? [0, 0.5] : [0, 0.5, 0.75, 0.9] }
    /// Where samples are rounded, in floats: in int8 a sample that is rounded otherwise can move a step of 127.
    private static func precision(_ raw: String) -> Precision { raw == "int16" ? .float32 : .int8 }
    private static let model = TrainingFixture.root + "/Models/lean-esc10.safetensors"

    private struct Run {
        let cache: CacheFolder
        /// By clip.
        let scores: [String: [Float]]
        let chunks: [String: Int]
    }

    private func run(_ folder: String, _ manifest: Manifest, overlap: Double, raw: String) throws -> Run {
        let cache = CacheFolder(folder: "\(folder)/\(raw)-\(overlap)")
        let session = try RunSession(
            pipeline: PipelineLoader.load(
                path: TrainingFixture.root + "/Pipelines/label.yaml",
                sets: [
                    "chunk.overlap=\(overlap)", "raw-cache.dtype=\(raw)",
                    "infer.precision=\(Self.precision(raw).rawValue)",
                ]),
            manifest: manifest, cache: cache)
        _ = try session.run(session.plan(), workers: 2, stop: StopSignal()) { _ in }
        let ledger = try cache.reading()
        var scores: [String: [Float]] = [:]
        try ClipScores(cache: cache, ledger: ledger, pipeline: nil).forEach { scores[$0.name] = $1 }
        var chunks: [String: Int] = [:]
        let stages = try ledger.stages().filter { $0.kind == "scores" }.map(\.id)
        try ledger.forEachCurrentResult(stages: stages) { chunks[$0.name] = Int($1.rowCount) }
        return Run(cache: cache, scores: scores, chunks: chunks)
    }

    @Test("Chunk counts and scores, of all pairs of overlaps, at many lengths", arguments: ["float32", "int16"])
    func pairs(raw: String) throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        var text = "clip,path\n"
        for length in Self.lengths {
            var random = SeededRandom(seed: UInt64(length), 1)
            // Loud to the very end, so that each frame left out would tell.
            try AudioWriter.write(
                "\(folder)/\(length).wav", rate: 16_000, channels: 1, format: .wavFloat,
                samples: (0..<length).map { Float(0.4 * sin(Double($0 * $0) * 1e-5)) + random.uniform(within: 0.3) })
            text += "\(length),\(length).wav\n"
        }
        let manifest = try Manifest(bytes: Array(text.utf8), file: folder + "/m.csv", folder: folder)
        try FileSystem.write(folder + "/m.csv") { try $0(Array(text.utf8)[...]) }
        let engine = try EngineRegistry.standard.load(Self.model, precision: Self.precision(raw))
        let model = try ModelFile(path: Self.model).metadata
        let entries = (0..<manifest.count).map { manifest.entry($0) }
        let overlaps = Self.overlaps(raw)
        let runs = try overlaps.map { try run(folder, manifest, overlap: $0, raw: raw) }
        for (made, first) in zip(overlaps, runs) {
            for (asked, second) in zip(overlaps, runs) {
                let set = try ChunkSet(
                    entries, classes: model.classes, cache: first.cache, architecture: model.architecture,
                    overlap: asked, normalization: .chunkMean)
                #expect(set.clipsWithSilencedEnd == 0)
                #expect(set.chunkCount == second.chunks.values.reduce(0, +), "\(made) \(asked)")
                let table = try ClipScorer(engine: engine, threads: 2).score(set).table
                #expect(zip(table.seconds, Self.lengths).allSatisfy { $0 == Double($1) / 16_000 })
                for (clip, length) in Self.lengths.enumerated() {
                    let classes = model.classes.count
                    let found = Array(table.scores[clip * classes..<(clip + 1) * classes])
                    let expected = try #require(second.scores["\(length)"])
                    // Frames that the cache lacks are made of its samples, which 16 bits round.
                    let limit: Float = raw == "float32" ? 0 : 2e-3
                    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
                    #expect(worst <= limit, "\(length) samples, made with \(made), asked for \(asked): \(worst)")
                }
            }
        }
    }
}
