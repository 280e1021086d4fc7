import Cache
import Engines
import Evaluation
import Features
import Files
import Ledger
import Models
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// Heads in pipelines: on their base or on embeddings, fresh or cached, alone or several, their scores are the same.
@Suite struct HeadPipelineTests {
    /// Clips, a base that counts its forward passes, and heads on it.
    private final class Setup {
        let fixture: PipelineFixture
        let log = BatchLog()
        let base: String
        var registry: EngineRegistry { EngineRegistry([FakeProvider(frontEnd: .short, log: log)]) { [] } }

        init() throws {
            fixture = try PipelineFixture()
            for (place, seconds) in [0.1, 0.4, 1.3, 3, 2.2].enumerated() {
                try fixture.addClip("\(place)", seconds: seconds)
            }
            base = fixture.folder + "/base.txt"
            try FileSystem.write(base) { try $0(Array("fake mel wave".utf8)[...]) }
        }

        @discardableResult
        func head(
            _ name: String = "a", pooling: ClipPooling = .mean, hidden: Int = 3, stream: Int = 0, size: Int = 4,
            digest: String? = nil, normalization: Normalization = .chunkMean, precision: String = "float32"
        ) throws -> String {
            let metadata = HeadMetadata(
                baseName: "fake", baseDigest: try digest ?? ModelDigest.ofFile(base), basePath: base,
                basePrecision: precision, normalization: normalization, embeddingSize: size, hidden: hidden,
                pooling: pooling, classes: ["one", "two", "three"], licence: "CC0-1.0", source: "a test")
            let parameters = Dictionary(
                uniqueKeysWithValues: metadata.parameters.enumerated().map {
                    ($1.name, Seeded.uniform(stream: stream + $0, count: $1.count).map { 4 * $0 })
                })
            let path = fixture.folder + "/\(name).safetensors"
            try HeadFile.write(parameters: parameters, metadata: metadata, to: path)
            return path
        }

        /// The stages that every pipeline here has, and others.
        func load(_ stages: String, skip: Double? = nil) throws -> LoadedPipeline {
            let yaml = """
                name: heads
                stages:
                  decode: {uses: decode}
                  resample: {uses: resample, from: decode, rate: 8000}
                  chunk: {uses: chunk, from: resample, rate: 8000, seconds: 0.4\(skip.map { ", skip-below: \($0)" } ?? "")}
                  mel: {uses: log-mel, from: chunk, rate: 8000, bands: 20, high: 3500, patch: 16}

                """
            let lines = stages.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
            return try PipelineLoader.load(yaml: yaml + lines + "\n", file: "p.yaml", sets: [], engines: registry)
        }

        @discardableResult
        func run(
            _ pipeline: LoadedPipeline, _ cache: String, workers: Int = 2, stop: StopSignal = StopSignal(),
            onCommit: @escaping @Sendable ([Outcome]) -> Void = { _ in }
        ) throws -> RunSession.Report {
            let session = try RunSession(
                pipeline: pipeline, manifest: fixture.manifest(), cache: fixture.cache(cache))
            let report = try session.run(session.plan(), workers: workers, stop: stop, onCommit: onCommit)
            try session.close()
            return report
        }

        /// Digests of the rows of a stage, by clip.
        func digests(_ pipeline: LoadedPipeline, _ stage: String, _ cache: String) throws -> [String] {
            let ledger = try fixture.cache(cache).reading()
            let node = try #require(pipeline.graph.nodes.first { $0.name == stage })
            let id = try #require(try ledger.knownStageID(fingerprint: node.fingerprint.hex))
            return try ledger.clipIDs().map { try #require(try ledger.result(clip: $0, stage: id)).digest }
        }
    }

    private static let base = "base: {uses: infer, from: [mel, chunk], model: base.txt}"
    private static let embeddings = "embeddings-cache: {uses: cache, from: base.embeddings}"

    private static func head(_ name: String, from: String) -> String {
        """
        \(name): {uses: infer, from: \(from), model: \(name).safetensors}
        \(name)-scores: {uses: cache, from: \(name)}
        \(name)-clips: {uses: aggregate, from: [\(name), \(name).weights], method: model}
        """
    }

    private func load(_ setup: Setup, _ stages: String, skip: Double? = nil) throws -> LoadedPipeline {
        // Models are given by their whole paths, as the pipeline has no file.
        var text = stages.replacing("model: base.txt", with: "model: \(setup.base)")
        for name in ["a", "b"] {
            text = text.replacing(
                "model: \(name).safetensors", with: "model: \(setup.fixture.folder)/\(name).safetensors")
        }
        return try setup.load(text, skip: skip)
    }

    private func refusal(_ setup: Setup, _ stages: String) -> String {
        do {
            _ = try load(setup, stages)
            return "accepted"
        } catch {
            #expect(!"\(error)".contains("\n"))
            return "\(error)"
        }
    }

    @Test("On its base, on its base's stage, and on cached embeddings: the same rows", arguments: ClipPooling.allCases)
    func sameRows(pooling: ClipPooling) throws {
        let setup = try Setup()
        try setup.head(pooling: pooling)
        let alone = try load(setup, Self.head("a", from: "[mel, chunk]"))
        let joined = try load(setup, [Self.base, Self.head("a", from: "base.embeddings")].joined(separator: "\n"))
        let kept = [Self.base, Self.embeddings].joined(separator: "\n")
        let cached = try load(setup, [kept, Self.head("a", from: "embeddings-cache")].joined(separator: "\n"))
        #expect(try setup.run(alone, "alone", workers: 1).result.done == 5)
        #expect(try setup.run(joined, "joined", workers: 3).result.done == 5)
        #expect(try setup.run(load(setup, kept), "cached").result.done == 5)
        let before = setup.log.sizes.count
        let report = try setup.run(cached, "cached")
        #expect(report.result.done == 5 && setup.log.sizes.count == before)
        for stage in ["a-scores", "a-clips"] {
            let wanted = try setup.digests(alone, stage, "alone")
            #expect(Set(wanted).count == 5)
            #expect(try setup.digests(joined, stage, "joined") == wanted)
            #expect(try setup.digests(cached, stage, "cached") == wanted)
        }
    }

    @Test("A new head over cached embeddings decodes nothing and runs no network")
    func newHead() throws {
        let setup = try Setup()
        try setup.head()
        let stages = [Self.base, Self.embeddings, Self.head("a", from: "embeddings-cache")].joined(separator: "\n")
        try setup.run(load(setup, stages), "cache")
        let before = try setup.digests(load(setup, stages), "a-scores", "cache")
        try setup.head(stream: 40)
        let other = try load(setup, stages)
        let plan = try setup.run(other, "cache").plan
        #expect(plan.pending == 5)
        for route in plan.routes {
            let runs = other.graph.nodes.filter { route.runs($0.index) }.map(\.name)
            #expect(Set(runs) == ["a", "a-scores", "a-clips"])
        }
        #expect(try setup.digests(other, "a-scores", "cache") != before)
    }

    @Test("Two heads and their base's own scores run the base once a chunk")
    func sharedBase() throws {
        let setup = try Setup()
        try setup.head()
        try setup.head("b", pooling: .attention, hidden: 0, stream: 9)
        let one = try load(setup, Self.base + "\nscores: {uses: cache, from: base}")
        try setup.run(one, "one")
        let chunks = setup.log.sizes.reduce(0, +)
        let stages = [
            Self.base, "scores: {uses: cache, from: base}", Self.head("a", from: "base.embeddings"),
            Self.head("b", from: "base.embeddings"),
        ]
        let all = try load(setup, stages.joined(separator: "\n"))
        #expect(try setup.run(all, "all").result.done == 5)
        #expect(setup.log.sizes.reduce(0, +) == 2 * chunks)
        #expect(try setup.digests(all, "scores", "all") == setup.digests(one, "scores", "one"))
        // A head passes its embeddings on, so another can hang on it as well.
        let chained = try load(
            setup, [Self.head("a", from: "[mel, chunk]"), Self.head("b", from: "a.embeddings")].joined(separator: "\n"))
        try setup.run(chained, "chained")
        #expect(setup.log.sizes.reduce(0, +) == 3 * chunks)
        for stage in ["a-clips", "b-clips"] {
            #expect(try setup.digests(chained, stage, "chained") == setup.digests(all, stage, "all"))
        }
    }

    @Test("Where two heads share a base, PIPELINE.STAGE says whose scores are meant, of clips and of chunks alike")
    func choice() throws {
        let setup = try Setup()
        try setup.head()
        try setup.head("b", pooling: .attention, hidden: 0, stream: 9)
        let stages = [
            Self.base, "scores: {uses: cache, from: base}", Self.head("a", from: "base.embeddings"),
            Self.head("b", from: "base.embeddings"),
        ]
        let all = try load(setup, stages.joined(separator: "\n"))
        try setup.run(all, "all")
        let ledger = try setup.fixture.cache("all").reading()
        func fingerprint(_ stage: String) throws -> String {
            try #require(all.graph.nodes.first { $0.name == stage }).fingerprint.hex
        }
        for head in ["a", "b"] {
            let (clipStage, chunkStage) = try (fingerprint(head + "-clips"), fingerprint(head + "-scores"))
            // By the model's stage, and by those that keep its scores.
            for stage in [head, head + "-clips", head + "-scores"] {
                let clips = try PipelineChoice.scored(ledger, name: "heads.\(stage)")
                let chunks = try PipelineChoice.chunkScored(ledger, name: "heads.\(stage)")
                #expect(clips.stage.fingerprint == clipStage && chunks.stage.fingerprint == chunkStage, "\(stage)")
                #expect(clips.name == "heads.\(head)" && chunks.name == clips.name)
                #expect(clips.notice == nil && chunks.notice == nil)
            }
        }
        // Without a name both are of one model, and the others are told.
        for name in [nil, "heads"] {
            let clips = try PipelineChoice.scored(ledger, name: name)
            let chunks = try PipelineChoice.chunkScored(ledger, name: name)
            #expect(clips.name == chunks.name && ["heads.a", "heads.b"].contains(clips.name))
            let other = clips.name == "heads.a" ? "'heads.b'" : "'heads.a'"
            #expect(clips.notice?.contains("in 2 stages; these are of '\(clips.name)'") == true)
            #expect(clips.notice?.contains(other) == true)
            #expect(chunks.notice?.contains("in 3 stages") == true && chunks.notice?.contains("'heads.base'") == true)
            let again = try PipelineChoice.scored(ledger, name: clips.name)
            #expect(again.stage.id == clips.stage.id)
        }
        let (base, scores) = try (PipelineChoice.chunkScored(ledger, name: "heads.base"), fingerprint("scores"))
        #expect(base.stage.fingerprint == scores)
        for wrong in ["base", "decode", "none"] {
            let error = #expect(throws: CacheError.self) {
                try PipelineChoice.scored(ledger, name: "heads.\(wrong)")
            }
            #expect(error.map { "\($0)".contains("expected one of 'heads.a', 'heads.b'") } == true, "\(wrong)")
        }
    }

    @Test("The pipeline that is written for a head pools its clips as it was trained", arguments: ClipPooling.allCases)
    func written(pooling: ClipPooling) throws {
        let setup = try Setup()
        let head = try setup.head(pooling: pooling)
        let own = try load(setup, Self.head("a", from: "[mel, chunk]"))
        try setup.run(own, "own")
        let yaml = try ModelStages.pipeline(for: setup.registry.describe(head), name: "written", reference: head)
        let written = try PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: [], engines: setup.registry)
        try setup.run(written, "written")
        let digests = try (setup.digests(written, "clip-scores", "written"), setup.digests(own, "a-clips", "own"))
        #expect(digests.0 == digests.1 && digests.0.count == 5)
    }

    @Test("What would compute the same embeddings twice is refused, with what to write instead")
    func refusesTwice() throws {
        let setup = try Setup()
        try setup.head()
        try setup.head("b", stream: 9)
        let beside = refusal(setup, [Self.base, Self.head("a", from: "[mel, chunk]")].joined(separator: "\n"))
        #expect(beside.contains("p.yaml:8: ") && beside.contains("'from: base.embeddings' in stage 'a'"))
        let behind = refusal(setup, [Self.head("a", from: "[mel, chunk]"), Self.base].joined(separator: "\n"))
        #expect(behind.contains("'from: base.embeddings' in stage 'a'"))
        let both = refusal(
            setup, [Self.head("a", from: "[mel, chunk]"), Self.head("b", from: "[mel, chunk]")].joined(separator: "\n"))
        #expect(both.contains("'from: a.embeddings' in stage 'b'"))
    }

    @Test("Embeddings that a head was not trained on are refused")
    func refusals() throws {
        let setup = try Setup()
        let on = [Self.base, Self.head("a", from: "base.embeddings")].joined(separator: "\n")
        let other = "sha256:" + String(repeating: "7", count: 64)
        try setup.head(digest: other)
        let digests = refusal(setup, on)
        let own = try ModelDigest.ofFile(setup.base)
        #expect(digests.contains(other.prefix(23)) && digests.contains(own.prefix(23)))
        #expect(digests.contains("p.yaml:8: "))
        try setup.head(normalization: .bandMean)
        #expect(refusal(setup, on).contains("normalization 'band-mean'"))
        #expect(refusal(setup, Self.head("a", from: "[mel, chunk]")) == "accepted")
        try setup.head(precision: "int8")
        #expect(refusal(setup, on).contains("precision 'int8'"))
        try setup.head(size: 5)
        #expect(refusal(setup, on).contains("5 values"))
        try setup.head()
        #expect(
            refusal(setup, on.replacing("model: a.s", with: "normalization: none, model: a.s")).contains(
                "'normalization' is"))
        #expect(
            refusal(
                setup,
                Self.head("a", from: "[mel, chunk]").replacing("model: a.s", with: "normalization: none, model: a.s")
            )
            .contains("expected 'model'"))
        let none = [
            Self.base, "twice: {uses: infer, from: base.embeddings, model: base.txt}", "c: {uses: cache, from: twice}",
        ]
        #expect(refusal(setup, none.joined(separator: "\n")).contains("is no head"))
        let gone = "c: {uses: infer, from: chunk.chunks, model: a.safetensors}"
        #expect(refusal(setup, gone + "\nd: {uses: cache, from: c}").contains("needs mel"))
        // Attention needs its weights, and only a head with attention has it.
        try setup.head(pooling: .attention)
        let bare = on.replacing("[a, a.weights]", with: "a")
        #expect(refusal(setup, bare).contains("a.weights"))
        #expect(refusal(setup, bare.replacing("method: model", with: "method: mean")) == "accepted")
        try setup.head()
        #expect(refusal(setup, on.replacing("method: model", with: "method: attention")).contains("its model has none"))
    }

    @Test("An interrupted run goes on to the same rows, with chunks left out for their level")
    func resume() throws {
        let setup = try Setup()
        try setup.head(pooling: .attention)
        var samples = [Float](repeating: 0, count: 24_000)
        for place in 8000..<16_000 { samples[place] = place % 40 < 20 ? 0.3 : -0.3 }
        try setup.fixture.addSamples("quiet", samples, rate: 8000)
        let stages = [Self.base, Self.embeddings, Self.head("a", from: "embeddings-cache")].joined(separator: "\n")
        let pipeline = try load(setup, stages, skip: -50)
        let whole = try setup.run(pipeline, "whole", workers: 1)
        #expect(whole.result.done == 6 && whole.skipped?.audio.chunks ?? 0 > 0)
        let stop = StopSignal()
        try setup.run(pipeline, "parts", workers: 2, stop: stop) { _ in stop.raise() }
        let rest = try setup.run(pipeline, "parts", workers: 3)
        #expect(rest.failures == 0)
        for stage in ["embeddings-cache", "a-scores", "a-clips"] {
            #expect(try setup.digests(pipeline, stage, "parts") == setup.digests(pipeline, stage, "whole"))
        }
        // Over cached embeddings the skipped chunks are told all the same.
        try setup.head(pooling: .attention, stream: 40)
        let again = try setup.run(load(setup, stages, skip: -50), "whole")
        #expect(again.result.done == 6 && again.skipped == whole.skipped)
    }
}
