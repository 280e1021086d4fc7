import Cache
import Engines
import Features
import Files
import Foundation
import Ledger
import Models
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// A model with a card in a pipeline: from its file to its scores, whatever the batch, and what is said where it does not
/// fit.
@Suite struct CardPipelineTests {
    /// Of each chunk: the largest sample, the mean magnitude, and half.
    private static let graph = FakeGraph(
        input: [nil, 3200], outputs: ["s", "e"], shapes: { [[$0[0], 3], [$0[0], 2]] }
    ) {
        values, shape in
        var (scores, embeddings): ([Float], [Float]) = ([], [])
        for row in 0..<shape[0] {
            let chunk = values[row * 3200..<(row + 1) * 3200]
            let magnitude = Float(chunk.reduce(0.0) { $0 + Double(abs($1)) } / 3200)
            scores += [max(0, chunk.max() ?? 0), magnitude, 0.5]
            embeddings += [chunk.first ?? 0, chunk.last ?? 0]
        }
        return [scores, embeddings]
    }

    private static func card(_ input: String = "") -> String {
        CardFixture.yaml(
            input: "reads: wave, tensor: in, rate: 8000, chunk: 3200, every: 1600" + input,
            outputs: "scores: {tensor: s, activation: none}, embeddings: {tensor: e, size: 2}")
    }

    private static func registry(_ graph: FakeGraph = Self.graph) -> EngineRegistry {
        EngineRegistry([CardProvider { _, _ in FakeForeignEngine(graph) }])
    }

    private static func fixture(card: String = Self.card()) throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for (place, seconds) in [0.1, 0.4, 0.41, 1.3, 3].enumerated() {
            try fixture.addClip("\(place)", seconds: seconds)
        }
        try FileSystem.write(fixture.folder + "/net.onnx") { try $0(CardFixture.bytes[...]) }
        try FileSystem.write(fixture.folder + "/card.yaml") { try $0(Array(card.utf8)[...]) }
        return fixture
    }

    private static func load(
        _ fixture: PipelineFixture, yaml: String? = nil, sets: [String] = [], registry: EngineRegistry = Self.registry()
    ) throws -> LoadedPipeline {
        let card = fixture.folder + "/card.yaml"
        let text = try yaml ?? ModelStages.pipeline(for: registry.describe(card), name: "cards", reference: "card.yaml")
        return try PipelineLoader.load(yaml: text, file: fixture.folder + "/p.yaml", sets: sets, engines: registry)
    }

    private static func rows(_ fixture: PipelineFixture, _ cache: CacheFolder, _ kind: String) throws -> [[Float]] {
        let ledger = try cache.reading()
        let reader = CacheReader(cache: cache.folder, ledger: ledger)
        let stage = try #require(try ledger.stages().first { $0.kind == kind })
        return try ledger.clipIDs().map {
            try reader.floats(try #require(try ledger.result(clip: $0, stage: stage.id))).values
        }
    }

    @discardableResult
    private static func run(
        _ pipeline: LoadedPipeline, _ fixture: PipelineFixture, _ cache: CacheFolder, workers: Int = 1
    ) throws -> RunSession.Report {
        let session = try RunSession(pipeline: pipeline, manifest: fixture.manifest(), cache: cache)
        let report = try session.run(session.plan(), workers: workers, stop: StopSignal(), onCommit: { _ in })
        try session.close()
        return report
    }

    @Test("The pipeline that is written for a card runs it; scores are the same for any batch and number of workers")
    func runs() throws {
        var found: [[[Float]]] = []
        for (place, (card, batch, workers)) in [
            (Self.card(), 64, 1), (Self.card(), 1, 3), (Self.card(", batch: 5"), 64, 2),
            (Self.card(", batch: 4"), 7, 1),
        ].enumerated() {
            let fixture = try Self.fixture(card: card)
            let cache = fixture.cache("\(place)")
            let pipeline = try Self.load(fixture, sets: ["infer.batch=\(batch)"])
            #expect(try Self.run(pipeline, fixture, cache, workers: workers).result.done == 5)
            found.append(try Self.rows(fixture, cache, "scores") + Self.rows(fixture, cache, "embeddings"))
            #expect(pipeline.classes(of: try #require(pipeline.graph.nodes.last)) == ["a", "b", "c"])
        }
        #expect(found.allSatisfy { $0 == found[0] })
        // 1.3 s in chunks of 0.4 s every 0.2 s.
        #expect(found[0][3].count == 6 * 3 && found[0][3].allSatisfy { $0 > 0 && $0 <= 1 })
    }

    @Test("Another file of the same name is refused; another card makes its scores anew, another threshold does not")
    func identity() throws {
        let fixture = try Self.fixture()
        try Self.run(Self.load(fixture), fixture, fixture.cache())
        func pending(_ card: String) throws -> Int {
            try FileSystem.write(fixture.folder + "/card.yaml") { try $0(Array(card.utf8)[...]) }
            let session = try RunSession(
                pipeline: Self.load(fixture), manifest: fixture.manifest(), cache: fixture.cache())
            defer { try? session.close() }
            return try session.plan().pending
        }
        #expect(try pending(Self.card()) == 0)
        #expect(try pending(Self.card() + "\nthreshold: 0.3\ndescription: other words") == 0)
        #expect(try pending(Self.card(", scale: 0.5")) == 5)
        try FileSystem.write(fixture.folder + "/net.onnx") { try $0(Array("another".utf8)[...]) }
        let error = #expect(throws: (any Error).self) { try Self.load(fixture) }
        #expect(error.map { "\($0)".contains("is not the file that the card means: found SHA-256") } == true)
    }

    /// A pipeline with chunks and log-mel of YAMNet, for a model that reads one of the two.
    private static func others(reading input: String) -> String {
        """
        name: p
        stages:
          decode: {uses: decode}
          resample: {uses: resample, from: decode, rate: 16000}
          chunk: {uses: chunk, from: resample}
          mel: {uses: log-mel, from: chunk}
          infer: {uses: infer, from: \(input), model: card.yaml}
          scores: {uses: cache, from: infer}
        """
    }

    @Test("A pipeline with other chunks is refused, with the lines to write")
    func advice() throws {
        let fixture = try Self.fixture()
        let text = try #require(message { _ = try Self.load(fixture, yaml: Self.others(reading: "chunk")) })
        #expect(text.contains("chunks of 3200 samples at 8000 Hz, but here they have 16000 at 16000 Hz"), "\(text)")
        #expect(text.contains("'rate: 8000' in its resample stage"), "\(text)")
        #expect(text.contains("'rate: 8000, seconds: 0.4, overlap: 0.5' in its chunk stage"), "\(text)")
        let mel = CardFixture.yaml(
            input: "reads: mel, preset: panns, bands: 32, chunk: 64000, patch: 200",
            outputs: "scores: {activation: none}")
        try FileSystem.write(fixture.folder + "/card.yaml") { try $0(Array(mel.utf8)[...]) }
        let told = try #require(message { _ = try Self.load(fixture, yaml: Self.others(reading: "mel")) })
        #expect(told.contains("'preset: panns, bands: 32, patch: 200' in its log-mel stage"), "\(told)")
        #expect(told.contains("'preset: panns, seconds: 2.0, overlap: "), "\(told)")
    }

    @Test("A model that reads what its stage is not given is refused, with the lines to write")
    func otherInput() throws {
        let fixture = try Self.fixture()
        let text = try #require(message { _ = try Self.load(fixture, yaml: Self.others(reading: "mel")) })
        #expect(text.contains("p.yaml:7: stage 'infer' needs chunks in 'from'"), "\(text)")
        #expect(text.contains("'rate: 8000, seconds: 0.4, overlap: 0.5' in its chunk stage"), "\(text)")
    }

    @Test("Chunks of samples alone may begin at any sample: at 44.1 kHz, without overlap, as the card says")
    func anyDistance() throws {
        for (rate, chunk, every, overlap) in [
            (8000, 3200, 1601, "0.4996875"), (44_100, 44_100, 44_100, "0.0"), (22_050, 66_150, 22_050, "0.666666667"),
            (16_000, 15_600, 7_801, "0.499935897"),
        ] {
            let input = "reads: wave, tensor: in, rate: \(rate), chunk: \(chunk), every: \(every)"
            let card = CardFixture.yaml(input: input, outputs: "scores: {tensor: s, activation: none}")
            let fixture = try Self.fixture(card: card)
            let graph = FakeGraph(input: [nil, chunk], outputs: ["s"], shapes: { [[$0[0], 3]] }) { _, shape in
                [[Float](repeating: 0.5, count: 3 * shape[0])]
            }
            let registry = Self.registry(graph)
            let model = try registry.describe(fixture.folder + "/card.yaml")
            #expect(ModelStages(model).note == nil)
            let yaml = ModelStages.pipeline(for: model, name: "p", reference: "card.yaml")
            #expect(yaml.contains("    overlap: \(overlap)\n"), "\(yaml)")
            let pipeline = try Self.load(fixture, yaml: yaml, registry: registry)
            let cache = fixture.cache("\(every)")
            #expect(try Self.run(pipeline, fixture, cache).result.done == 5)
            // The longest clip has 3 s.
            let chunks = try #require(Self.rows(fixture, cache, "scores").map(\.count).max()) / 3
            #expect(chunks == 1 + (3 * rate - chunk + every - 1) / every)
        }
    }

    @Test("A distance of chunks that is no whole number of frames becomes the nearest that is one, and is told")
    func nearestDistance() throws {
        for (every, overlap, told) in [
            (8000, "0.5", nil), (8001, "0.5", 8000), (14_500, "0.09", 14_560), (1, "0.99", 160),
        ] as [(Int, String, Int?)] {
            let card = CardFixture.yaml(
                input: "reads: mel, preset: yamnet, chunk: 16000, every: \(every)",
                outputs: "scores: {activation: none}")
            let fixture = try Self.fixture(card: card)
            let model = ModelDescription(try ModelCard(path: fixture.folder + "/card.yaml"))
            let yaml = ModelStages.pipeline(for: model, name: "p", reference: "card.yaml")
            #expect(yaml.contains("    overlap: \(overlap)\n"), "\(every): \(yaml)")
            let note = ModelStages(model).note
            #expect((note == nil) == (told == nil), "\(every): \(note ?? "")")
            guard let told, let note else { continue }
            #expect(note.contains("every \(told) samples; the model's \(every) ") && yaml.contains(note))
        }
    }

    @Test("A clip whose scores are no numbers, or not 0 to 1, fails alone")
    func failures() throws {
        for odd in [Float.nan, 3] {
            var graph = Self.graph
            let plain = graph.compute
            graph.compute = { values, shape in
                var found = try plain(values, shape)
                for row in 0..<shape[0] where found[0][row * 3] > 0.9 { found[0][row * 3 + 1] = odd }
                return found
            }
            let fixture = try Self.fixture()
            try fixture.addSamples("loud", [Float](repeating: 0.95, count: 8000), rate: 8000)
            let pipeline = try Self.load(fixture, registry: Self.registry(graph))
            let report = try Self.run(pipeline, fixture, fixture.cache())
            #expect(report.result.done == 5)
            let failures = try fixture.cache().reading().failures()
            #expect(failures.count == 1)
            let reason = failures.first?.reason ?? ""
            #expect(reason.contains(odd.isNaN ? "not finite" : "expected 0 to 1"), "\(reason)")
        }
    }

    @Test("Embeddings that are no numbers, or too large for the float16 they are kept in, fail their clip alone")
    func embeddingFailures() throws {
        for (odd, dtype, words) in [
            (Float.nan, "float32", "the network's embeddings are not finite"),
            (-.infinity, "float16", "the network's embeddings are not finite"),
            (70_000, "float16", "found the value 70000.0, expected -65504 to 65504 for float16; 'dtype: float32' in"),
            (65_519, "float16", nil), (70_000, "float32", nil),
        ] as [(Float, String, String?)] {
            var graph = Self.graph
            let plain = graph.compute
            graph.compute = { values, shape in
                var found = try plain(values, shape)
                for row in 0..<shape[0] where found[0][row * 3] > 0.9 { found[1][row * 2 + 1] = odd }
                return found
            }
            let fixture = try Self.fixture()
            try fixture.addSamples("loud", [Float](repeating: 0.95, count: 8000), rate: 8000)
            let pipeline = try Self.load(
                fixture, sets: ["embeddings-cache.dtype=\(dtype)"], registry: Self.registry(graph))
            let report = try Self.run(pipeline, fixture, fixture.cache())
            let failures = try fixture.cache().reading().failures()
            #expect(report.result.done == (words == nil ? 6 : 5) && failures.count == (words == nil ? 0 : 1))
            if let words { #expect(failures.first?.reason.contains(words) == true, "\(failures.map(\.reason))") }
        }
    }

    @Test("For every card that ships, the pipeline that is written for it fits")
    func shipped() throws {
        let cards = PipelineFixture.root + "/Models/cards"
        for name in FileSystem.names(in: cards).filter({ $0.hasSuffix(".yaml") }) {
            let card = try ModelCard(path: cards + "/" + name, isClassFileOptional: true)
            let model = ModelDescription(card)
            let wish = ModelStages.pipeline(for: model, name: "p", reference: "fake.txt")
            // The stages are checked against another engine's model that reads the same.
            let described = ModelDescription(
                network: "same", precision: "f32", inputs: model.inputs, rate: model.rate, chunk: model.chunk,
                frontEnd: model.frontEnd, normalization: model.normalization, classes: ["a"],
                embeddingSize: model.embeddingSize, hop: model.hop)
            let registry = EngineRegistry([Described(model: described)])
            let fixture = try PipelineFixture()
            try FileSystem.write(fixture.folder + "/fake.txt") { try $0(CardFixture.bytes[...]) }
            let text =
                model.classCount > 0 || card.scores == nil
                ? wish
                : wish + """
                      scores-cache: {uses: cache, from: infer}

                    """
            let loaded = try PipelineLoader.load(
                yaml: text, file: fixture.folder + "/p.yaml", sets: [], engines: registry)
            #expect(loaded.graph.nodes.contains { $0.name == "infer" }, "\(name)")
        }
    }

    /// A model that is only described.
    private struct Described: EngineProvider {
        let model: ModelDescription

        func accepts(_ path: String) -> Bool { true }
        func describe(_ path: String) throws -> ModelDescription { model }
        func load(_ path: String) throws -> any InferenceEngine { Engine(model: model) }

        private struct Engine: InferenceEngine {
            let model: ModelDescription
            func makeSession(maxBatch: Int) throws -> any InferenceSession { throw InferenceError("not run") }
        }
    }
}
