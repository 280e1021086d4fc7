import Engines
import Features
import Files
import Models
import Pipeline
import Stages
import TestSupport
import Testing

/// What a model reads, against what a pipeline gives it.
@Suite struct ModelInputTests {
    private static func load(_ folder: String, _ words: String, stages: String) throws -> LoadedPipeline {
        let path = folder + "/model.txt"
        try FileSystem.write(path) { try $0(Array("fake \(words)".utf8)[...]) }
        return try PipelineLoader.load(
            yaml: """
                name: inputs
                stages:
                  decode: {uses: decode}
                  resample: {uses: resample, from: decode}
                  chunk: {uses: chunk, from: resample}
                  wide: {uses: chunk, from: resample, overlap: 0}
                  long: {uses: chunk, from: resample, seconds: 2}
                  mel: {uses: log-mel, from: chunk}
                \(stages.replacing("MODEL", with: path))
                """, file: "p.yaml", sets: [], engines: EngineRegistry([FakeProvider(frontEnd: .standard)]))
    }

    @Test(arguments: [
        ("wave", "mel", "needs chunks in 'from'"), ("mel", "chunk", "needs mel in 'from'"),
        ("mel wave", "mel", "needs chunks in 'from'"), ("mel wave", "chunk", "needs mel in 'from'"),
        ("wave", "long", "expects chunks of 16000 samples at 16000 Hz, but here they have 32000 at 16000 Hz"),
        ("mel wave", "[mel, wide]", "every 8000 samples, but one of its samples every 16000"),
        ("", "[mel, chunk]", "reads neither samples nor log-mel"),
    ])
    func whatDoesNotFitIsRefusedWithItsLine(words: String, from: String, message: String) throws {
        try TemporaryFolder.with { folder in
            let fault = #expect(throws: PipelineError.self) {
                try Self.load(
                    folder, words,
                    stages: """
                          infer: {uses: infer, from: \(from), model: MODEL}
                          kept: {uses: cache, from: infer}
                        """)
            }
            let text = fault?.description ?? ""
            #expect(text.hasPrefix("p.yaml:9: stage 'infer'"), "\(text)")
            #expect(text.contains(message), "\(text)")
        }
    }

    @Test func embeddingsThatAModelDoesNotGiveAreRefused() throws {
        try TemporaryFolder.with { folder in
            let stages = """
                  infer: {uses: infer, from: mel, model: MODEL}
                  kept: {uses: cache, from: infer.embeddings}
                """
            let nodes = try Self.load(folder, "mel", stages: stages).graph.nodes
            #expect(nodes.count == 8)
            let fault = #expect(throws: PipelineError.self) { try Self.load(folder, "mel bare", stages: stages) }
            #expect(fault?.description.hasPrefix("p.yaml:10: stage 'kept': takes the embeddings") == true)
        }
    }

    /// A network of samples alone needs no log-mel; where it is given some, caches of before stay valid.
    @Test func samplesAlone() throws {
        let fixture = try PipelineFixture()
        for (place, seconds) in [0.4, 2.3].enumerated() { try fixture.addClip("\(place)", seconds: seconds) }
        let path = fixture.folder + "/wave.safetensors"
        try ModelFileWriter.write(
            parameters: Seeded.parameters(.waveEncoder, classes: 3),
            metadata: Seeded.metadata(.waveEncoder, classes: 3),
            to: path)
        func yaml(_ from: String) -> String {
            """
            name: wave
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode}
              chunk: {uses: chunk, from: resample}
              \(from.contains("mel") ? "mel: {uses: log-mel, from: chunk}" : "")
              infer: {uses: infer, from: \(from), model: \(path)}
              kept: {uses: cache, from: infer}
            """
        }
        let both = try PipelineLoader.load(yaml: yaml("[mel, chunk]"), file: "p.yaml", sets: [])
        let nodes = Dictionary(uniqueKeysWithValues: both.graph.nodes.map { ($0.name, $0) })
        let (chunk, mel, infer) = try (
            #require(nodes["chunk"]), #require(nodes["mel"]), #require(nodes["infer"])
        )
        #expect(
            infer.fingerprint
                == Fingerprint(fields: [
                    "stage", "infer", "2", "model=\(try ModelDigest.ofFile(path))", "normalization=model",
                    "\(mel.fingerprint.hex).0", "\(chunk.fingerprint.hex).0",
                ]))
        #expect(infer.inputs.map { $0?.node } == [nil, chunk.index, nil])
        let (with, without) = (fixture.cache("with"), fixture.cache("without"))
        #expect(try fixture.run(yaml: yaml("[mel, chunk]"), cache: with).result.done == 2)
        #expect(try fixture.run(yaml: yaml("chunk"), cache: without).result.done == 2)
        #expect(try fixture.digests(with) == fixture.digests(without))
    }
}
