import Cache
import Engines
import Evaluation
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

/// `chunk.skip-below`, with an engine whose results a test can work out: which chunks it skips, that nothing else changes, and
/// that it makes no difference how their rows were made.
@Suite struct SkippedChunkTests {
    /// 8 kHz, chunks of 0.4 s. All frames of a chunk are there 80 samples before its end.
    private static let frontEnd = FrontEnd.short
    private static let level = -50.0

    private static func yaml(
        _ model: String, reads: String, skip: Double?, overlap: Double, batch: Int, method: String, raw: String
    ) -> String {
        let from = reads.split(separator: " ").map { $0 == "mel" ? "mel-cache" : "raw-cache" }
        return """
            name: skipping
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: 8000}
              chunk: {uses: chunk, from: resample, rate: 8000, seconds: 0.4, overlap: \(overlap)\(skip.map { ", skip-below: \($0)" } ?? "")}
              raw-cache: {uses: cache, from: chunk, dtype: \(raw)}
              mel: {uses: log-mel, from: chunk, rate: 8000, bands: 20, high: 3500, patch: 16}
              mel-cache: {uses: cache, from: mel}
              infer: {uses: infer, from: [\(from.joined(separator: ", "))], model: \(model), batch: \(batch)}
              scores-cache: {uses: cache, from: infer}
              embeddings-cache: {uses: cache, from: infer.embeddings, dtype: float16}
              clip-scores: {uses: aggregate, from: infer, method: \(method), k: 2}
            """
    }

    private static func load(
        _ fixture: PipelineFixture, reads: String = "mel", skip: Double? = level, overlap: Double = 0.5,
        batch: Int = 64, method: String = "mean", raw: String = "float32", log: BatchLog = BatchLog()
    ) throws -> LoadedPipeline {
        let path = fixture.folder + "/model.txt"
        try FileSystem.write(path) { try $0(Array("fake \(reads)".utf8)[...]) }
        return try PipelineLoader.load(
            yaml: yaml(path, reads: reads, skip: skip, overlap: overlap, batch: batch, method: method, raw: raw),
            file: "p.yaml", sets: [], engines: EngineRegistry([FakeProvider(frontEnd: frontEnd, log: log)]))
    }

    @discardableResult
    private static func run(
        _ pipeline: LoadedPipeline, _ fixture: PipelineFixture, _ cache: String, workers: Int = 2,
        stop: StopSignal = StopSignal(), onCommit: @escaping @Sendable ([Outcome]) -> Void = { _ in }
    ) throws -> RunSession.Report {
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: fixture.cache(cache))
        let report = try session.run(session.plan(), workers: workers, stop: stop, onCommit: onCommit)
        try session.close()
        return report
    }

    /// Noise that is loud and far below the level by turns, of lengths that fall on no chunk's border.
    private static func samples(_ seed: Int, _ stretches: [(seconds: Double, gain: Float)], rate: Int) -> [Float] {
        var state = UInt64(seed + 1)
        return stretches.flatMap { seconds, gain in
            (0..<Int(seconds * Double(rate))).map { _ -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return gain * Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
            }
        }
    }

    private static func fixture(long: Bool = false) throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        let (loud, quiet): (Float, Float) = (0.5, 0.0005)
        try fixture.addSamples("loud", samples(1, [(1.3, loud)], rate: 8000), rate: 8000)
        try fixture.addSamples("quiet", samples(2, [(2.1, quiet)], rate: 8000), rate: 8000)
        try fixture.addSamples(
            "turns", samples(3, [(1.1, loud), (2.2, quiet), (0.7, loud), (0.9, 0)], rate: 8000), rate: 8000)
        try fixture.addSamples("brief", samples(4, [(0.1, quiet)], rate: 8000), rate: 8000)
        // Loud samples only in the last chunk, which is padded: its own samples are above the level.
        try fixture.addSamples("end", samples(5, [(0.9, quiet), (0.11, 0.02)], rate: 8000), rate: 8000)
        try fixture.addSamples("silence", [Float](repeating: 0, count: 9000), rate: 8000)
        try fixture.addSamples("again", samples(6, [(0.4, quiet), (3.3, loud)], rate: 22_050), rate: 22_050)
        if long {
            // Longer than the blocks that the stages pass on, so that chunks end near the blocks' borders.
            let turns = (0..<30).flatMap { _ in [(seconds: 0.81, gain: loud), (seconds: 0.77, gain: quiet)] }
            try fixture.addSamples("long", samples(7, turns, rate: 22_050), rate: 22_050)
        }
        return fixture
    }

    /// Each clip's rows of the pipeline as it ran last.
    private struct Rows {
        /// By kind and clip.
        var values: [String: [String: [Float]]] = [:]
        var columns: [String: Int] = [:]
        var samples: [String: Int] = [:]

        init(_ fixture: PipelineFixture, _ cache: String) throws {
            let ledger = try fixture.cache(cache).reading()
            let own = try PipelineChoice.find(ledger, name: nil).stages
            let reader = CacheReader(cache: fixture.cache(cache).folder, ledger: ledger)
            for stage in try ledger.stages() where own.contains(stage.id) {
                try ledger.forEachCurrentResult(stages: [stage.id]) { clip, result, _ in
                    let found = try reader.floats(result)
                    values[stage.kind, default: [:]][clip.name] = found.values
                    columns[stage.kind] = found.columns
                    samples[clip.name] = result.samples.map(Int.init)
                }
            }
        }

        func row(_ kind: String, _ clip: String, _ chunk: Int) -> [Float] {
            let count = columns[kind] ?? 0
            return Array((values[kind]?[clip] ?? []).dropFirst(chunk * count).prefix(count))
        }

        /// The bits of all values, as NaN is not equal to itself.
        func bits(_ kinds: [String]) -> [String: [UInt32]] {
            var found: [String: [UInt32]] = [:]
            for kind in kinds {
                for (clip, row) in values[kind] ?? [:] { found[kind + " " + clip] = row.map(\.bitPattern) }
            }
            return found
        }
    }

    private static let made = ["scores", "embeddings", "clip-scores"]

    /// The level of each chunk by its own samples, in the plainest way.
    private static func levels(_ raw: [Float], samples: Int, hop: Int) -> [Double] {
        let count = samples <= 3200 ? 1 : (samples - 3200 + hop - 1) / hop + 1
        return (0..<count).map { chunk in
            let own = raw[chunk * hop..<min(samples, chunk * hop + 3200)]
            return 10 * log10(own.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(own.count))
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let reads: String
        let overlap: Double
        let batch: Int
        let workers: Int
        let method: String

        var testDescription: String {
            "\(reads), overlap \(overlap), batches of \(batch), \(workers) workers, \(method)"
        }
    }

    private static let cases = [
        Case(reads: "mel", overlap: 0.5, batch: 64, workers: 1, method: "mean"),
        Case(reads: "mel", overlap: 0.9, batch: 3, workers: 2, method: "max"),
        Case(reads: "wave", overlap: 0, batch: 1, workers: 2, method: "top-k"),
        Case(reads: "wave", overlap: 0.75, batch: 7, workers: 3, method: "mean"),
        Case(reads: "mel wave", overlap: 0.9, batch: 64, workers: 1, method: "top-k"),
    ]

    @Test(arguments: cases)
    func onlyQuietChunksAreSkippedAndNothingElseChanges(of it: Case) throws {
        let fixture = try Self.fixture(long: true)
        let plain = try Self.load(
            fixture, reads: it.reads, skip: nil, overlap: it.overlap, batch: it.batch, method: it.method)
        try Self.run(plain, fixture, "plain")
        let log = BatchLog()
        let pipeline = try Self.load(
            fixture, reads: it.reads, overlap: it.overlap, batch: it.batch, method: it.method, log: log)
        let report = try Self.run(pipeline, fixture, "skipping", workers: it.workers)
        #expect(report.result.done == 8 && report.failures == 0)
        let (before, after) = (try Rows(fixture, "plain"), try Rows(fixture, "skipping"))
        let hop = Int((3200 * (1 - it.overlap)).rounded())
        var (heard, skipped, unheard) = (0, 0, 0)
        for (clip, raw) in try #require(before.values["raw"]) {
            let samples = try #require(before.samples[clip])
            let levels = Self.levels(raw, samples: samples, hop: hop)
            let stored = try #require(after.values["levels"]?[clip])
            #expect(stored.count == levels.count)
            for (chunk, level) in levels.enumerated() {
                // No made-up chunk lies so near the level that rounding decides.
                try #require(abs(level - Self.level) > 0.01)
                #expect(level == -.infinity ? stored[chunk] == -.infinity : abs(Double(stored[chunk]) - level) < 1e-3)
                for kind in ["scores", "embeddings"] {
                    let row = after.row(kind, clip, chunk)
                    if level < Self.level {
                        #expect(!row.isEmpty && row.allSatisfy(\.isNaN), "\(clip) \(chunk) \(kind)")
                    } else {
                        #expect(row == before.row(kind, clip, chunk), "\(clip) \(chunk) \(kind)")
                    }
                }
            }
            let isHeard = levels.map { $0 >= Self.level }
            heard += isHeard.count { $0 }
            skipped += isHeard.count { !$0 }
            var isCovered = [Bool](repeating: false, count: samples)
            for chunk in isHeard.indices where isHeard[chunk] {
                let span = chunk * hop..<min(samples, chunk * hop + 3200)
                isCovered.replaceSubrange(span, with: repeatElement(true, count: span.count))
            }
            unheard += isCovered.count { !$0 }
            // The clip's scores are of the chunks that were heard.
            let rows = isHeard.indices.filter { isHeard[$0] }.map { before.row("scores", clip, $0) }
            let scores = try #require(after.values["clip-scores"]?[clip])
            for (place, score) in scores.enumerated() {
                let values = rows.map { Double($0[place]) }.sorted(by: >)
                guard let most = values.first else {
                    #expect(score.isNaN)
                    continue
                }
                let expected =
                    switch it.method {
                    case "max": most
                    case "top-k": values.prefix(2).reduce(0, +) / Double(min(2, values.count))
                    default: values.reduce(0, +) / Double(values.count)
                    }
                #expect(abs(Double(score) - expected) < 1e-5, "\(clip) \(place)")
            }
        }
        #expect(skipped > 20 && heard > 20)
        // No forward pass was made for a skipped chunk, and none took a place in a batch.
        #expect(log.sizes.reduce(0, +) == heard)
        if it.workers == 1, it.batch < 64 { #expect(log.sizes.dropLast().allSatisfy { $0 == it.batch }) }
        let told = try #require(report.skipped)
        #expect(told.audio.chunks == skipped && told.levels == [Self.level])
        #expect(abs(told.audio.seconds * 8000 - Double(unheard)) < 1e-6)
        // What is counted later, by the stored levels alone. The recordings' own lengths are not longer.
        let cache = fixture.cache("skipping")
        let ledger = try cache.reading()
        let counted = try #require(
            try SkippedChunks(cache: cache, ledger: ledger, pipeline: PipelineChoice.find(ledger, name: nil))?.count())
        #expect(counted.chunks == skipped && counted.clips == 3 && counted.below == Self.level)
        #expect(abs(counted.seconds * 8000 - Double(unheard)) < 3)
    }

    /// Fresh, with rows that were there before, at another level, interrupted, with other batches: the same bits.
    @Test(arguments: ["mel", "wave", "mel wave"])
    func rowsDoNotDependOnHowTheyWereMade(reads: String) throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture, reads: reads, overlap: 0.75), fixture, "fresh", workers: 1)
        let expected = try Rows(fixture, "fresh").bits(Self.made + ["levels"])
        #expect(expected.count == 4 * 7)
        // Features that were made before anything was to be skipped: the levels are made later, once, and the features stay.
        try Self.run(Self.load(fixture, reads: reads, skip: nil, overlap: 0.75), fixture, "later")
        let rows = try fixture.digests(fixture.cache("later")).filter {
            $0.key.hasSuffix(" raw") || $0.key.hasSuffix(" mel")
        }
        let later = try Self.run(Self.load(fixture, reads: reads, overlap: 0.75, batch: 5), fixture, "later")
        #expect(later.result.done == 7 && later.plan.routes.allSatisfy(\.replays.isEmpty))
        #expect(try Rows(fixture, "later").bits(Self.made + ["levels"]) == expected)
        #expect(try fixture.digests(fixture.cache("later")).filter { rows[$0.key] != nil } == rows)
        // At another level nothing is decoded, and only what depends on it is made again.
        let log = BatchLog()
        let other = try Self.run(
            Self.load(fixture, reads: reads, skip: -20, overlap: 0.75, batch: 5), fixture, "later")
        #expect(other.result.done == 7 && other.plan.routes.allSatisfy { !$0.replays.isEmpty })
        #expect(other.plan.routes.allSatisfy { !$0.runs(0) })
        let back = try Self.run(
            Self.load(fixture, reads: reads, overlap: 0.75, batch: 2, log: log), fixture, "later", workers: 3)
        // The rows of the first level are still there.
        #expect(back.plan.pending == 0 && log.sizes.isEmpty)
        try Self.run(Self.load(fixture, reads: reads, skip: -20, overlap: 0.75), fixture, "replayed")
        let replayed = try Self.run(
            Self.load(fixture, reads: reads, overlap: 0.75, batch: 2), fixture, "replayed", workers: 3)
        #expect(replayed.result.done == 7 && replayed.plan.routes.allSatisfy { !$0.runs(0) })
        #expect(try Rows(fixture, "replayed").bits(Self.made + ["levels"]) == expected)
        // Interrupted and gone on with.
        let stop = StopSignal()
        let first = try Self.run(
            Self.load(fixture, reads: reads, overlap: 0.75, batch: 2), fixture, "halved", workers: 1, stop: stop
        ) { _ in stop.raise() }
        let rest = try Self.run(Self.load(fixture, reads: reads, overlap: 0.75, batch: 3), fixture, "halved")
        #expect(first.result.done + rest.result.done == 7)
        #expect(try Rows(fixture, "halved").bits(Self.made + ["levels"]) == expected)
    }

    /// Samples stored as int16 are rounded, but their levels are those of the samples before.
    @Test func narrowSamplesAreSkippedByTheLevelsOfTheirOwn() throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture, reads: "wave", raw: "int16"), fixture, "fresh")
        try Self.run(Self.load(fixture, reads: "wave", skip: -20, raw: "int16"), fixture, "cached")
        let again = try Self.run(Self.load(fixture, reads: "wave", raw: "int16"), fixture, "cached")
        #expect(again.plan.routes.allSatisfy { !$0.runs(0) })
        #expect(try Rows(fixture, "cached").bits(Self.made) == Rows(fixture, "fresh").bits(Self.made))
    }

    /// Clips of which nothing is heard end although a chunk of another clip waits for its batch, and in bounded number.
    @Test func silentClipsDoNotGatherBehindAWaitingChunk() throws {
        let fixture = try PipelineFixture()
        try fixture.addSamples("loud", Self.samples(1, [(0.3, 0.5)], rate: 8000), rate: 8000)
        for place in 0..<60 { try fixture.addSamples("\(place)", [Float](repeating: 0, count: 4000), rate: 8000) }
        let log = BatchLog()
        let report = try Self.run(Self.load(fixture, batch: 4, log: log), fixture, "cache", workers: 1)
        #expect(report.result.done == 61 && log.sizes == [1])
        let silent = try Self.run(
            Self.load(fixture, skip: 0, batch: 4, log: log), fixture, "cache", workers: 1)
        #expect(silent.result.done == 61 && log.sizes == [1], "no batch is empty")
        #expect(silent.skipped?.clips == 61)
    }

    @Test func fingerprintsChangeOnlyBelowInference() throws {
        let fixture = try PipelineFixture()
        func prints(_ skip: Double?) throws -> [String: String] {
            let nodes = try Self.load(fixture, reads: "mel wave", skip: skip).graph.nodes
            return Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.fingerprint.hex) })
        }
        let (off, low, high) = (try prints(nil), try prints(-60), try prints(-50))
        let below = ["infer", "scores-cache", "embeddings-cache", "clip-scores"]
        for (name, print) in off {
            #expect((print == low[name]) == !below.contains(name), "\(name)")
            #expect((low[name] == high[name]) == !below.contains(name), "\(name)")
        }
        let (plain, skipping) = (
            try Self.load(fixture, skip: nil).graph, try Self.load(fixture, skip: -60).graph
        )
        #expect(plain.persistent.nonzeroBitCount + 1 == skipping.persistent.nonzeroBitCount)
        #expect(plain.fingerprint != skipping.fingerprint)
    }

    @Test func twoChunkStagesMustSkipAtOneLevel() throws {
        let fixture = try PipelineFixture()
        let path = fixture.folder + "/model.txt"
        try FileSystem.write(path) { try $0(Array("fake mel wave".utf8)[...]) }
        let yaml = """
            name: two
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: 8000}
              one: {uses: chunk, from: resample, rate: 8000, seconds: 0.4, skip-below: -60}
              two: {uses: chunk, from: resample, rate: 8000, seconds: 0.4}
              mel: {uses: log-mel, from: one, rate: 8000, bands: 20, high: 3500, patch: 16}
              infer: {uses: infer, from: [mel, two], model: \(path)}
              clip-scores: {uses: aggregate, from: infer}
            """
        let text = message {
            _ = try PipelineLoader.load(
                yaml: yaml, file: "p.yaml", sets: [],
                engines: EngineRegistry([FakeProvider(frontEnd: Self.frontEnd)]))
        }
        #expect(
            text?.contains(
                "'skip-below' is -60.0 dBFS in stage 'one' above its log-mel, but nothing above its samples; expected the same"
            ) == true,
            "\(text ?? "")")
    }

    /// The model that ships: a long silence in a recording costs nothing and is stated, and the statistics leave it out.
    @Test func statisticsLeaveSkippedClipsOutAndSaySo() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("loud", seconds: 3)
        try fixture.addSamples("quiet", [Float](repeating: 0.00001, count: 40_000), rate: 16_000)
        try fixture.addSamples("half", Self.samples(3, [(2, 0.3), (2.5, 0)], rate: 16_000), rate: 16_000)
        let cache = fixture.cache()
        try fixture.run("label.yaml", sets: ["chunk.skip-below=-60"])
        let content = try StatisticsBuilder(cache: cache, pipeline: nil, by: [.column("site")]).content(
            truth: nil, thresholds: ClassThresholds(fallback: 0), examples: nil)
        let report = content.summary
        // What was skipped as a whole was heard all the same: it is effort.
        #expect(report.clips == 3 && abs(report.hours * 3600 - 10) < 1e-6)
        #expect(report.skipped.clips == 1 && abs(report.skipped.hours * 3600 - 2.5) < 1e-6 && report.scoredClips == 2)
        let group = try #require(content.divisions.first?.groups.first)
        #expect(group.clips == 3 && abs(group.hours * 3600 - 10) < 1e-6)
        let skipped = try #require(report.coverage?.skipped)
        // Of 'quiet' four chunks; of 'half', which has eight, those that begin at 2, 2.5, 3 and 3.5 s.
        #expect(skipped.chunks == 8 && skipped.clips == 1 && abs(skipped.seconds - 4.5) < 1e-9)
        #expect(report.coverage?.done == 3 && report.coverage?.isWhole == true)
        // At a threshold of 0, a class is present wherever a chunk was heard.
        #expect(report.classes.allSatisfy { abs($0.hoursAbove * 3600 - 5.5) < 1e-6 })
        let page = ReportPage(report).html()
        #expect(page.contains("skipped: 8 chunks, 0.0013 hours below -60.0 dBFS; 1 clip as a whole"))
        #expect(report.json().contains("\"below_dbfs\"") && report.json().contains("\"clips_skipped\": 1"))
        #expect(page.contains("of them 1 skipped"))
    }
}
