import Cache
import Corpora
import Engines
import Errors
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
import Training

/// Embeddings read from a cache, and the scores that training evaluates: those of a pipeline, bit for bit.
struct HeadScoresTests {
    /// The clips of `TrainingFixture` and one of silence, run through a base of samples.
    private final class Setup {
        let fixture: TrainingFixture
        let base: String
        let cache: CacheFolder
        let manifest: Manifest
        var registry: EngineRegistry { EngineRegistry([FakeProvider(frontEnd: .standard)]) { [] } }

        init(dtype: String = "float32") throws {
            fixture = try TrainingFixture(clips: 5, silence: 24_000)
            base = fixture.folder + "/base.txt"
            try FileSystem.write(base) { try $0(Array("fake wave".utf8)[...]) }
            cache = CacheFolder(folder: fixture.folder + "/embeddings")
            manifest = try fixture.manifest()
            try run("embeddings-cache: {uses: cache, from: base.embeddings, dtype: \(dtype)}")
        }

        @discardableResult
        func run(_ stages: String) throws -> LoadedPipeline {
            let yaml = """
                name: heads
                stages:
                  decode: {uses: decode}
                  resample: {uses: resample, from: decode}
                  chunk: {uses: chunk, from: resample, skip-below: -60}
                  base: {uses: infer, from: chunk, model: \(base)}
                  \(stages.split(separator: "\n").joined(separator: "\n  "))

                """
            let pipeline = try PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: [], engines: registry)
            let session = try RunSession(pipeline: pipeline, manifest: manifest, cache: cache)
            _ = try session.run(session.plan(), workers: 2, stop: StopSignal()) { _ in }
            try session.close()
            return pipeline
        }

        func set(_ entries: [Manifest.Entry], classes: [String] = TrainingFixture.classes) throws -> EmbeddingSet {
            let source = try EmbeddingSource.find(cache.reading())
            return try EmbeddingSet(entries, classes: classes, cache: cache, stage: source.stage.id)
        }
    }

    @Test(
        "A pipeline's clip scores are those that training evaluates", arguments: ClipPooling.allCases,
        ["float32", "float16"])
    func sameAsThePipeline(pooling: ClipPooling, dtype: String) throws {
        let setup = try Setup(dtype: dtype)
        let source = try EmbeddingSource.find(setup.cache.reading())
        let digest = try ModelDigest.ofFile(setup.base)
        #expect(source.modelDigest == digest && source.precision == "float32")
        #expect(source.inferStage == "base" && source.modelPath == setup.base)
        let set = try setup.set(setup.fixture.entries)
        var options = HeadOptions()
        options.pooling = pooling
        options.epochs = 5
        let trained = HeadTrainer(set, options: options, threads: 2).train(clips: Array(set.clips.indices), l2: 0.01)
        let metadata = HeadMetadata(
            baseName: "fake", baseDigest: source.modelDigest, basePath: setup.base, basePrecision: source.precision,
            normalization: .chunkMean, embeddingSize: set.size, hidden: 0, pooling: pooling, classes: set.classes,
            licence: "CC0-1.0", source: "a test")
        let path = setup.fixture.folder + "/head.safetensors"
        try HeadFile.write(parameters: trained.tensors, metadata: metadata, to: path)
        let wanted = try HeadScorer(Head(path: path)).score(set, clips: Array(set.clips.indices)).table.scores
        let pipeline = try setup.run(
            """
            embeddings-cache: {uses: cache, from: base.embeddings, dtype: \(dtype)}
            head: {uses: infer, from: embeddings-cache, model: \(path)}
            clips: {uses: aggregate, from: [head, head.weights], method: model}
            """)
        let ledger = try setup.cache.reading()
        let node = try #require(pipeline.graph.nodes.first { $0.name == "clips" })
        let stage = try #require(try ledger.knownStageID(fingerprint: node.fingerprint.hex))
        let reader = CacheReader(cache: setup.cache.folder, ledger: ledger)
        var found: [Float] = []
        for id in try ledger.clipIDs() {
            found += try reader.floats(try #require(try ledger.result(clip: id, stage: stage))).values
        }
        #expect(found == wanted && found.count == 20)
    }

    @Test("Rows of skipped chunks, clips without rows and unknown labels are counted")
    func whatIsLeftOut() throws {
        let setup = try Setup()
        var entries = setup.fixture.entries
        entries.append(.init(clip: "absent", path: "absent.wav", labels: ["Hum"], split: "train"))
        entries[0].labels = ["Hum", "Wind", "Hum"]
        entries[1].labels = []
        let set = try setup.set(entries)
        #expect(set.clips.count == 10 && set.size == 2 && set.left.missing == ["absent"])
        #expect(set.left.labels == ["Wind": 1] && set.left.silent.isEmpty && set.left.skippedChunks > 0)
        #expect(set.clips[0].labels == [0] && set.clips[1].labels.isEmpty)
        #expect(
            set.clips.allSatisfy { $0.seconds > 0 && !$0.rows.isEmpty }
                && set.rowCount == set.clips.last?.rows.upperBound)
        for row in 0..<set.rowCount { #expect(set.row(row)[0].isFinite && set.row(row)[1].isFinite) }
    }

    @Test("A cache without embeddings is refused with the stage to add")
    func withoutEmbeddings() throws {
        let fixture = try TrainingFixture(clips: 1)
        #expect { _ = try EmbeddingSource.find(fixture.cache.reading()) } throws: {
            "\($0)".contains("uses: cache, from: infer.embeddings") && !"\($0)".contains("\n")
        }
        let setup = try Setup()
        let ledger = try setup.cache.reading()
        #expect(throws: CacheError.self) { try EmbeddingSource.find(ledger, pipeline: "other") }
        #expect(throws: CacheError.self) { try EmbeddingSource.find(ledger, stage: "other") }
        #expect(
            try EmbeddingSource.find(ledger, pipeline: "heads", stage: "embeddings-cache").stage.kind == "embeddings")
        try setup.run(
            "embeddings-cache: {uses: cache, from: base.embeddings}\nhalf: {uses: cache, from: embeddings-cache, dtype: float16}"
        )
        #expect { _ = try EmbeddingSource.find(setup.cache.reading()) } throws: { "\($0)".contains("--stage") }
        #expect(try EmbeddingSource.find(setup.cache.reading(), stage: "half").inferStage == "base")
    }
}
