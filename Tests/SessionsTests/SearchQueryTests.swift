import Cache
import Engines
import Features
import Files
import Foundation
import Ledger
import Pipeline
import Results
import Sessions
import Stages
import TestSupport
import Testing

/// A recording that is searched for has the embeddings that a run gives it, bit for bit, and a search the same results
/// however the cache was made.
@Suite struct SearchQueryTests {
    private static let frontEnd = FrontEnd.short

    struct Case: Sendable, CustomTestStringConvertible {
        let reads: String
        let overlap: Double
        let dtype: String
        var skip: Double?
        /// Whether the model has an input in the pipeline that it does not read, which only the pipeline's file tells.
        var hasUnread = false

        var testDescription: String {
            "\(reads), overlap \(overlap), \(dtype)\(skip.map { ", skipping below \($0)" } ?? "")"
                + (hasUnread ? ", with an input that is not read" : "")
        }
    }

    private static let cases = [
        Case(reads: "mel", overlap: 0.5, dtype: "float16"), Case(reads: "wave", overlap: 0, dtype: "float32"),
        Case(reads: "mel wave", overlap: 0.75, dtype: "float16"),
        Case(reads: "mel wave", overlap: 0.5, dtype: "float32", skip: -50),
        Case(reads: "wave", overlap: 0.5, dtype: "float16", hasUnread: true),
    ]

    private static func yaml(_ it: Case, model: String) -> String {
        var from = it.reads.split(separator: " ").map { $0 == "mel" ? "mel-cache" : "raw-cache" }
        if it.hasUnread { from.insert("mel-cache", at: 0) }
        return """
            name: searching
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: 8000}
              chunk: {uses: chunk, from: resample, rate: 8000, seconds: 0.4, overlap: \(it.overlap)\(it.skip.map { ", skip-below: \($0)" } ?? "")}
              raw-cache: {uses: cache, from: chunk, dtype: int16}
              mel: {uses: log-mel, from: chunk, rate: 8000, bands: 20, high: 3500, patch: 16}
              mel-cache: {uses: cache, from: mel, dtype: float16}
              infer: {uses: infer, from: [\(from.joined(separator: ", "))], model: \(model), batch: 5}
              kept: {uses: cache, from: infer.embeddings, dtype: \(it.dtype)}
              again: {uses: cache, from: kept}
              clip-scores: {uses: aggregate, from: infer}
            """
    }

    private static let engines = EngineRegistry([FakeProvider(frontEnd: frontEnd, log: BatchLog())])

    /// Writes the pipeline and the model's file, and makes the pipeline ready.
    private static func load(_ it: Case, _ fixture: PipelineFixture) throws -> LoadedPipeline {
        let (model, file) = (fixture.folder + "/model.txt", fixture.folder + "/p.yaml")
        try FileSystem.write(model) { try $0(Array("fake \(it.reads)".utf8)[...]) }
        try FileSystem.write(file) { try $0(Array(yaml(it, model: model).utf8)[...]) }
        return try PipelineLoader.load(path: file, sets: [], engines: engines)
    }

    private static func run(
        _ pipeline: LoadedPipeline, _ fixture: PipelineFixture, _ cache: String, workers: Int
    ) throws {
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: fixture.cache(cache))
        _ = try session.run(session.plan(), workers: workers, stop: StopSignal()) { _ in }
        try session.close()
    }

    private static func fixture() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for (place, seconds) in [0.1, 0.4, 0.41, 1.3, 3, 7.77].enumerated() {
            try fixture.addClip("\(place)", seconds: seconds, rate: place % 2 == 0 ? 8000 : 22_050)
        }
        let turns = (0..<24_000).map { (index: Int) -> Float in
            let gain: Float = index / 5000 % 2 == 0 ? 0.4 : 0.0004
            return gain * Float(sin(Double(index) * 0.7))
        }
        try fixture.addSamples("turns", turns, rate: 8000)
        return fixture
    }

    private static func search(
        _ fixture: PipelineFixture, _ cache: String, _ like: String, stage: String? = "kept",
        _ change: (inout SearchRequest) -> Void = { _ in }
    ) throws -> (vectors: QueryVectors, outcome: SimilaritySearch.Outcome) {
        var request = SearchRequest(like: like)
        (request.top, request.threads) = (1000, 2)
        change(&request)
        let ledger = try fixture.cache(cache).reading()
        let search = try SimilaritySearch(
            cache: fixture.cache(cache), ledger: ledger, pipeline: nil, stage: stage, request: request, engines: engines
        )
        return (search.vectors, try search.run())
    }

    @Test(
        "A file has the embeddings of the clip that it is, whole or for a moment, and finds the clip itself",
        arguments: cases)
    func fileIsItsClip(of it: Case) throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(it, fixture), fixture, "cache", workers: 2)
        for (clip, path) in fixture.rows {
            let file = fixture.folder + "/" + path
            let (own, outcome) = try Self.search(fixture, "cache", file)
            let (known, _) = try Self.search(fixture, "cache", clip)
            #expect(own == known && own.count > 0)
            let best = try #require(outcome.found.first)
            #expect(best.event.score > 0.999_999)
            for moment in ["@0", "@0.05"] + (clip == "5" ? ["@3.14", "@7.76", "@5.2"] : []) {
                let (part, _) = try Self.search(fixture, "cache", file + moment)
                #expect(try part == Self.search(fixture, "cache", clip + moment).vectors && part.count == 1)
            }
        }
        let text = message { _ = try Self.search(fixture, "cache", fixture.folder + "/5.wav@7.8") }
        #expect(text?.contains("found 7.8 s of ") == true && text?.contains("less than 7.77") == true, "\(text ?? "")")
    }

    @Test("A search has the same results from fresh and cached features, one shard or several, with any threads")
    func sameResults() throws {
        let it = Self.cases[2]
        let fixture = try Self.fixture()
        let pipeline = try Self.load(it, fixture)
        try Self.run(pipeline, fixture, "fresh", workers: 1)
        // Features first, by a pipeline that ends there; then embeddings from their cache.
        let all = Self.yaml(it, model: fixture.folder + "/model.txt").split(separator: "\n")
        let features = all.filter { line in
            !["infer:", "kept:", "again:", "clip-scores:"].contains { line.contains($0) }
        }
        let first = try PipelineLoader.load(
            yaml: features.joined(separator: "\n"), file: "f.yaml", sets: [], engines: Self.engines)
        try Self.run(first, fixture, "cached", workers: 3)
        // Two runs leave two shards of each stage, at least.
        let rows = fixture.rows
        fixture.keep(Array(rows[..<4]))
        try Self.run(pipeline, fixture, "cached", workers: 3)
        fixture.keep(rows)
        try Self.run(pipeline, fixture, "cached", workers: 3)
        let shards = try FileManager.default.contentsOfDirectory(atPath: fixture.cache("cached").folder + "/shards")
        #expect(shards.count { $0.hasPrefix("embeddings") && $0.hasSuffix(".npy") } >= 4)
        for like in ["4@1", "5", fixture.folder + "/turns.wav@1"] {
            let (vectors, outcome) = try Self.search(fixture, "fresh", like)
            for threads in [1, 4] {
                let other = try Self.search(fixture, "cached", like) { $0.threads = threads }
                #expect(other.vectors == vectors && other.outcome.found == outcome.found)
                #expect(other.outcome.tally == outcome.tally)
            }
            #expect(outcome.found.count > 10)
        }
        // The cache of a cache holds the same rows, here as float32.
        #expect(
            try Self.search(fixture, "fresh", "5", stage: "again").outcome.found
                == Self.search(fixture, "fresh", "5").outcome.found)
    }

    @Test("The stages come from the ledger: the pipeline's file may be gone, but not the model's nor another be there")
    func whatItNeeds() throws {
        let it = Self.cases[0]
        let fixture = try Self.fixture()
        try Self.run(Self.load(it, fixture), fixture, "cache", workers: 2)
        let (model, file) = (fixture.folder + "/model.txt", fixture.folder + "/4.wav")
        let (vectors, _) = try Self.search(fixture, "cache", file)
        try FileSystem.remove(fixture.folder + "/p.yaml")
        #expect(try Self.search(fixture, "cache", file).vectors == vectors)
        try FileSystem.write(model) { try $0(Array("fake mel twice".utf8)[...]) }
        let other = message { _ = try Self.search(fixture, "cache", file) }
        #expect(other?.contains("cannot be run on another file: ") == true, "\(other ?? "none")")
        try FileSystem.remove(model)
        let gone = message { _ = try Self.search(fixture, "cache", file) }
        #expect(gone?.hasPrefix(model + ": found no file there, expected the model") == true, "\(gone ?? "none")")
        // A clip of the cache needs neither.
        #expect(try Self.search(fixture, "cache", "4").vectors == vectors)
    }

    @Test("Of several stages that keep embeddings one must be named, and a file that is none is refused with its name")
    func refused() throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(Self.cases[1], fixture), fixture, "cache", workers: 2)
        let unnamed = message { _ = try Self.search(fixture, "cache", "4", stage: nil) }
        #expect(
            unnamed?.contains("keeps embeddings 2 times, expected --stage with one of them: kept or again") == true,
            "\(unnamed ?? "none")")
        let wrong = message { _ = try Self.search(fixture, "cache", "4", stage: "clip-scores") }
        #expect(wrong?.contains("found 'clip-scores', which keeps no embeddings") == true, "\(wrong ?? "none")")
        let words = fixture.folder + "/words.wav"
        try FileSystem.write(words) { try $0(Array("no recording at all".utf8)[...]) }
        let undecodable = message { _ = try Self.search(fixture, "cache", words) }
        #expect(undecodable?.hasPrefix(words + ": ") == true, "\(undecodable ?? "none")")
    }
}
