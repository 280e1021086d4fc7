import Cache
import Engines
import Features
import Foundation
import Ledger
import Models
import Pipeline
import Sessions
import Stages
import Testing

/// A model of another front-end than YAMNet's, from its file to its scores.
@Suite struct ModelFrontEndTests {
    /// Centred frames, so that a chunk has 101 of them, and values that hang on the patch's maximum.
    private static let frontEnd = {
        var made = FrontEnd.standard
        made.framing = .centredReflect
        made.spectrum = .power
        made.logarithm = .decimal
        made.range = 2
        made.mean = -1
        made.deviation = 0.5
        return made
    }()

    private static func yaml(model: String, mel: String) -> String {
        """
        name: foreign
        stages:
          decode: {uses: decode}
          resample: {uses: resample, from: decode}
          chunk: {uses: chunk, from: resample}
          mel: {uses: log-mel, from: chunk, \(mel)}
          raw-cache: {uses: cache, from: chunk}
          mel-cache: {uses: cache, from: mel}
          infer: {uses: infer, from: [mel-cache, raw-cache], model: \(model)}
          scores-cache: {uses: cache, from: infer}
        """
    }

    private static let settings =
        "framing: centred-reflect, spectrum: power, logarithm: decimal, range: 2, mean: -1, deviation: 0.5, patch: 96"

    /// The model that ships, said to be one of this front-end.
    private static func model(in folder: String) throws -> String {
        let file = try ModelFile(path: PipelineFixture.root + "/Models/lean-esc10.safetensors")
        var metadata = file.metadata
        metadata.frontEnd = frontEnd
        var parameters: [String: [Float]] = [:]
        for parameter in file.layout.parameters { parameters[parameter.name] = try file.floats(parameter) }
        let path = folder + "/foreign.safetensors"
        try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
        return path
    }

    @Test func scoresAreThoseOfItsPatches() throws {
        let fixture = try PipelineFixture()
        let path = try Self.model(in: fixture.folder)
        for (index, seconds) in [0.4, 2.3].enumerated() { try fixture.addClip("\(index)", seconds: seconds) }
        let yaml = Self.yaml(model: path, mel: Self.settings)
        let session = try RunSession(
            pipeline: PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: []), manifest: fixture.manifest(),
            cache: fixture.cache())
        #expect(try session.run(session.plan(), workers: 2, stop: StopSignal()) { _ in }.result.done == 2)
        try session.close()

        let model = try NativeModel.load(path: path)
        #expect(model.frontEnd == Self.frontEnd)
        let forward = try model.makeSession(maxBatch: 1)
        let ledger = try fixture.cache().reading()
        let reader = CacheReader(cache: fixture.cache().folder, ledger: ledger)
        let stages = Dictionary(uniqueKeysWithValues: try ledger.stages().map { ($0.kind, $0.id) })
        let size = Self.frontEnd.patchFrames * Self.frontEnd.bands
        for clip in try ledger.clipIDs() {
            func rows(_ kind: String) throws -> [Float] {
                let stage = try #require(stages[kind])
                return try reader.floats(try #require(try ledger.result(clip: clip, stage: stage))).values
            }
            let (raw, scores) = (try rows("raw"), try rows("scores"))
            let frames = PlainLogMel.frames(raw, Self.frontEnd)
            let chunks = (raw.count - 16_000) / 8000 + 1
            #expect(scores.count == chunks * model.classCount)
            for chunk in 0..<chunks {
                var patch = Array(frames[(chunk * 50 * Self.frontEnd.bands)...].prefix(size))
                patch.withUnsafeMutableBufferPointer { patch in
                    Self.frontEnd.finish(patch)
                    model.normalization.apply(to: patch, bands: Self.frontEnd.bands)
                }
                var wanted = [Float](repeating: 0, count: model.classCount)
                var embedding = [Float](repeating: 0, count: model.embeddingSize)
                try forward.forward(
                    mel: patch, wave: Array(raw[(chunk * 8000)...].prefix(16_000)), count: 1, embeddings: &embedding,
                    scores: &wanted)
                for (index, score) in wanted.enumerated() {
                    #expect(abs(score - scores[chunk * model.classCount + index]) < 1e-4)
                }
            }
        }
    }

    @Test(arguments: ["overlap: 0", "preset: yamnet", "spectrum: power", settings + ", offset: 0.002"])
    func featuresOfAnotherFrontEndAreRefused(mel: String) throws {
        let fixture = try PipelineFixture()
        let path = try Self.model(in: fixture.folder)
        let fault = #expect(throws: PipelineError.self) {
            try PipelineLoader.load(yaml: Self.yaml(model: path, mel: mel), file: "p.yaml", sets: [])
        }
        let text = fault?.description ?? ""
        #expect(
            text.contains(mel.hasPrefix("overlap") ? "has no parameter 'overlap'" : "framing centred-reflect"),
            "\(text)")
    }
}
