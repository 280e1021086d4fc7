import Cache
import Engines
import Features
import Files
import Ledger
import Models
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// An engine that is none of this program's, from its file to its scores: the stages ask what it reads and assume nothing.
@Suite struct ForeignEngineTests {
    /// Of no network here: 8 kHz, 0.4 s, 16 of a chunk's 18 frames.
    private static let frontEnd = FrontEnd.short

    struct Case: Sendable, CustomTestStringConvertible {
        let reads: String
        let overlap: Double
        let batch: Int
        let workers: Int

        var testDescription: String { "\(reads), overlap \(overlap), batches of \(batch), \(workers) workers" }
    }

    private static let cases = [
        Case(reads: "mel", overlap: 0.5, batch: 64, workers: 1), Case(reads: "mel", overlap: 0.9, batch: 7, workers: 2),
        Case(reads: "wave", overlap: 0, batch: 1, workers: 2),
        Case(reads: "wave", overlap: 0.95, batch: 64, workers: 1),
        Case(reads: "mel wave", overlap: 0.5, batch: 7, workers: 1),
        Case(reads: "mel wave", overlap: 0.9, batch: 64, workers: 3),
    ]

    private static func yaml(
        _ reads: String, model: String, overlap: Double = 0.5, batch: Int = 64, embeddings: Bool = true,
        scores: Bool = true
    ) -> String {
        // A model of samples alone needs no log-mel stage at all.
        let from = reads.split(separator: " ").map { $0 == "mel" ? "mel-cache" : "raw-cache" }
        let mel = """
              mel: {uses: log-mel, from: chunk, rate: 8000, bands: 20, high: 3500, patch: 16}
              mel-cache: {uses: cache, from: mel}

            """
        let scored = """
              scores-cache: {uses: cache, from: infer}
              clip-scores: {uses: aggregate, from: infer}

            """
        return """
            name: foreign
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: 8000}
              chunk: {uses: chunk, from: resample, rate: 8000, seconds: 0.4, overlap: \(overlap)}
              raw-cache: {uses: cache, from: chunk}
            \(reads.contains("mel") ? mel : "")\
              infer: {uses: infer, from: [\(from.joined(separator: ", "))], model: \(model), batch: \(batch)}
            \(scores ? scored : "")\
            \(embeddings ? "  embeddings-cache: {uses: cache, from: infer.embeddings}" : "")
            """
    }

    private static func fixture() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for (place, seconds) in [0.1, 0.4, 0.41, 1.3, 3].enumerated() {
            try fixture.addClip("\(place)", seconds: seconds)
        }
        return fixture
    }

    /// Writes the model's file and makes the pipeline ready.
    private static func load(
        _ fixture: PipelineFixture, _ words: String, reads: String? = nil, overlap: Double = 0.5, batch: Int = 64,
        embeddings: Bool = true, scores: Bool = true, log: BatchLog = BatchLog()
    ) throws -> LoadedPipeline {
        let path = fixture.folder + "/model.txt"
        try FileSystem.write(path) { try $0(Array("fake \(words)".utf8)[...]) }
        return try PipelineLoader.load(
            yaml: yaml(
                reads ?? words, model: path, overlap: overlap, batch: batch, embeddings: embeddings, scores: scores),
            file: "p.yaml", sets: [], engines: EngineRegistry([FakeProvider(frontEnd: frontEnd, log: log)]))
    }

    @discardableResult
    private static func run(
        _ pipeline: LoadedPipeline, _ fixture: PipelineFixture, _ cache: CacheFolder, workers: Int = 2,
        stop: StopSignal = StopSignal(), onCommit: @escaping @Sendable ([Outcome]) -> Void = { _ in }
    ) throws -> RunSession.Report {
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: cache)
        let report = try session.run(session.plan(), workers: workers, stop: stop, onCommit: onCommit)
        try session.close()
        return report
    }

    @Test(arguments: cases)
    func givesWhatAPlainComputationGives(of it: Case) throws {
        let fixture = try Self.fixture()
        let pipeline = try Self.load(fixture, it.reads, overlap: it.overlap, batch: it.batch)
        #expect(try Self.run(pipeline, fixture, fixture.cache(), workers: it.workers).result.done == 5)
        let ledger = try fixture.cache().reading()
        let reader = CacheReader(cache: fixture.cache().folder, ledger: ledger)
        let stages = Dictionary(uniqueKeysWithValues: try ledger.stages().map { ($0.kind, $0) })
        let last = try #require(pipeline.graph.nodes.last)
        let classes = try #require(pipeline.classes(of: last))
        #expect(stages["scores"]?.classes == ClassList.encode(classes))
        let hop = Int((3200 * (1 - it.overlap)).rounded())
        for clip in try ledger.clipIDs() {
            func rows(_ kind: String) throws -> [Float] {
                let stage = try #require(stages[kind])
                return try reader.floats(try #require(try ledger.result(clip: clip, stage: stage.id))).values
            }
            let raw = try rows("raw")
            let mel = it.reads.contains("mel") ? try rows("mel") : []
            let chunks = (raw.count - 3200) / hop + 1
            var (scores, embeddings): ([[Float]], [Float]) = ([], [])
            for chunk in 0..<chunks {
                let (score, embedding) = Self.plain(
                    it.reads, patch: Array(mel.dropFirst(chunk * hop / 160 * 20).prefix(16 * 20)),
                    samples: Array(raw.dropFirst(chunk * hop).prefix(3200)))
                scores.append(score)
                embeddings += embedding
            }
            #expect(Self.worst(try rows("scores"), scores.flatMap { $0 }) < 1e-5)
            #expect(Self.worst(try rows("embeddings"), embeddings) < 1e-5)
            let means = scores[0].indices.map { place in
                Float(scores.reduce(0.0) { $0 + Double($1[place]) } / Double(chunks))
            }
            #expect(Self.worst(try rows("clip-scores"), means) < 1e-5)
        }
    }

    /// What `FakeEngine` says it does, in other words.
    private static func plain(_ reads: String, patch: [Float], samples: [Float]) -> (
        scores: [Float], embedding: [Float]
    ) {
        var (scores, embedding): ([Float], [Float]) = ([], [])
        if reads.contains("mel") {
            let mean = patch.reduce(0.0) { $0 + Double($1) } / Double(patch.count)
            for band in 0..<20 {
                var sum = 0.0
                for frame in 0..<16 { sum += Double(patch[frame * 20 + band]) - mean }
                scores.append(Float(sum / 16))
            }
            embedding += [patch[0] - Float(mean), patch[319] - Float(mean)]
        }
        if reads.contains("wave") {
            let magnitude = samples.reduce(0.0) { $0 + Double(abs($1)) } / Double(samples.count)
            scores += [samples.sorted()[3199], samples.sorted()[0], Float(magnitude)]
            embedding += [samples[0], samples[3199]]
        }
        return (scores, embedding)
    }

    private static func worst(_ found: [Float], _ wanted: [Float]) -> Float {
        found.count == wanted.count ? zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity : .infinity
    }

    @Test func clipsShareBatches() throws {
        let fixture = try Self.fixture()
        let log = BatchLog()
        let pipeline = try Self.load(fixture, "mel wave", batch: 7, log: log)
        try Self.run(pipeline, fixture, fixture.cache(), workers: 1)
        // 0.1 s to 3 s in chunks of 0.4 s, a new one every 0.2 s.
        let chunks = [1, 1, 2, 6, 14].reduce(0, +)
        #expect(log.sizes.reduce(0, +) == chunks)
        #expect(log.sizes.dropLast().allSatisfy { $0 == 7 } && log.sizes.count == 4)
    }

    @Test func anInterruptedRunGoesOnToTheSameRows() throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture, "mel wave"), fixture, fixture.cache("whole"))
        let stop = StopSignal()
        let pipeline = try Self.load(fixture, "mel wave", batch: 2)
        let first = try Self.run(pipeline, fixture, fixture.cache(), workers: 1, stop: stop) { _ in stop.raise() }
        let log = BatchLog()
        let rest = try Self.run(
            Self.load(fixture, "mel wave", batch: 3, log: log), fixture, fixture.cache())
        #expect(first.result.done > 0 && first.result.done + rest.result.done == 5)
        #expect(try fixture.digests() == fixture.digests(fixture.cache("whole")))
        let again = try Self.run(Self.load(fixture, "mel wave", log: log), fixture, fixture.cache())
        #expect(again.plan.pending == 0)
    }

    @Test("Only the clip at fault fails", arguments: [("throwing", "too loud"), ("undefined", "not finite")])
    func faults(word: String, reason: String) throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture, "wave \(word)", reads: "wave"), fixture, fixture.cache("without"))
        let without = try fixture.digests(fixture.cache("without"))
        // The one in the middle shares its batch with the clips before and behind it.
        try fixture.addSamples("loud", [Float](repeating: 0.95, count: 20_000), rate: 8000)
        try fixture.addClip("behind", seconds: 1)
        let pipeline = try Self.load(fixture, "wave \(word)", reads: "wave")
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: fixture.cache())
        let report = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
        #expect(report.result.done == 6 && report.failures == 1)
        let failure = try #require(try session.failures().first)
        #expect(failure.clip == "loud" && failure.reason.contains(reason), "\(failure.reason)")
        try session.close()
        let with = try fixture.digests().filter { !$0.key.hasPrefix("behind") }
        #expect(with == without)
    }

    @Test(
        "A model without classes gives its embeddings, alone and with others in a batch, fresh and cached, and no scores"
    )
    func classless() throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture, "mel wave"), fixture, fixture.cache("with"))
        let wanted = try fixture.digests(fixture.cache("with")).filter { $0.key.hasSuffix(" embeddings") }
        #expect(wanted.count == 5)
        for batch in [1, 7, 64] {
            let cache = fixture.cache("batches of \(batch)")
            let pipeline = try Self.load(
                fixture, "mel wave classless", reads: "mel wave", batch: batch, scores: false)
            #expect(try Self.run(pipeline, fixture, cache).result.done == 5)
            let found = try fixture.digests(cache)
            #expect(found.filter { $0.key.hasSuffix(" embeddings") } == wanted)
            #expect(!found.keys.contains { $0.hasSuffix("scores") })
        }
        let skipping = try Self.load(fixture, "mel wave classless", reads: "mel wave", scores: false)
        #expect(try Self.run(skipping, fixture, fixture.cache("batches of 7")).plan.pending == 0)
    }

    @Test("A stage that takes the scores of a model without classes is refused, with what it could take")
    func noScores() throws {
        let fixture = try Self.fixture()
        let error = #expect(throws: PipelineError.self) {
            try Self.load(fixture, "mel classless", reads: "mel")
        }
        let text = "\(try #require(error))"
        #expect(text.contains("takes the scores of stage 'infer', but ") && text.contains("model.txt (fake) has none"))
        #expect(text.contains("stage 'scores-cache'") && text.hasSuffix("expected 'from: infer.embeddings'"))
        #expect(text.hasPrefix("p.yaml:") && !text.contains("\n"))
    }

    @Test("Embeddings that are no numbers fail their clip, and no other")
    func undefinedEmbeddings() throws {
        let fixture = try Self.fixture()
        try fixture.addSamples("loud", [Float](repeating: 0.95, count: 20_000), rate: 8000)
        let pipeline = try Self.load(fixture, "wave classless undefined", reads: "wave", scores: false)
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: fixture.cache())
        let report = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
        #expect(report.result.done == 5 && report.failures == 1)
        let failure = try #require(try session.failures().first)
        #expect(failure.clip == "loud" && failure.reason.contains("embeddings are not finite"), "\(failure.reason)")
        try session.close()
    }
}
