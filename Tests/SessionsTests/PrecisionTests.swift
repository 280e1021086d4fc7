import Engines
import Models
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// The arithmetic that a pipeline asks for: what it computes with, and under which fingerprint.
@Suite struct PrecisionTests {
    private static func yaml(_ path: String, _ precision: String?) -> String {
        """
        name: wave
        stages:
          decode: {uses: decode}
          resample: {uses: resample, from: decode}
          chunk: {uses: chunk, from: resample}
          infer: {uses: infer, from: chunk, model: \(path)\(precision.map { ", precision: \($0)" } ?? "")}
          kept: {uses: cache, from: infer}
        """
    }

    private static func models(_ folder: String) throws -> (float: String, int8: String) {
        let (float, int8) = (folder + "/f32.safetensors", folder + "/int8.safetensors")
        try ModelFileWriter.write(
            parameters: Seeded.parameters(.waveEncoder, classes: 3),
            metadata: Seeded.metadata(.waveEncoder, classes: 3), to: float)
        try ModelQuantizer.quantize(from: float, to: int8)
        return (float, int8)
    }

    /// The fingerprint is that of what is computed; float32 has the one from before there was a choice.
    @Test func fingerprints() throws {
        try TemporaryFolder.with { folder in
            let (float, int8) = try Self.models(folder)
            for (path, precision, marks) in [
                (float, nil, []), (float, "auto", []), (float, "float32", []), (float, "int8", ["precision=int8"]),
                (int8, nil, ["precision=int8"]), (int8, "auto", ["precision=int8"]), (int8, "float32", []),
                (int8, "int8", ["precision=int8"]),
            ] as [(String, String?, [String])] {
                let pipeline = try PipelineLoader.load(yaml: Self.yaml(path, precision), file: "p.yaml", sets: [])
                let nodes = Dictionary(uniqueKeysWithValues: pipeline.graph.nodes.map { ($0.name, $0) })
                let (chunk, infer) = try (#require(nodes["chunk"]), #require(nodes["infer"]))
                let expected = Fingerprint(
                    fields: ["stage", "infer", "2", "model=\(try ModelDigest.ofFile(path))", "normalization=model"]
                        + marks + ["-", "\(chunk.fingerprint.hex).0"])
                #expect(infer.fingerprint == expected, "\(path) \(precision ?? "")")
                #expect(infer.marks["precision"] == (marks.isEmpty ? nil : "int8"))
                let stages = PipelineSettings(pipeline.graph).stages
                #expect(stages.first { $0.name == "infer" }?.precision == (marks.isEmpty ? "float32" : "int8"))
                #expect(stages.allSatisfy { $0.name == "infer" || $0.precision == nil })
            }
        }
    }

    @Test func anotherWordIsRefused() throws {
        try TemporaryFolder.with { folder in
            let float = try Self.models(folder).float
            let fault = #expect(throws: PipelineError.self) {
                try PipelineLoader.load(yaml: Self.yaml(float, "int4"), file: "p.yaml", sets: [])
            }
            #expect(fault?.description.contains("'precision' of stage 'infer' is 'int4', expected") == true)
        }
    }

    /// A float file computed in int8 gives what its quantised file gives, and neither gives what floats give.
    @Test func results() throws {
        let fixture = try PipelineFixture()
        for (place, seconds) in [0.4, 2.3].enumerated() { try fixture.addClip("\(place)", seconds: seconds) }
        let (float, int8) = try Self.models(fixture.folder)
        func digests(_ path: String, _ precision: String?, _ name: String) throws -> [String: String] {
            let cache = fixture.cache(name)
            #expect(try fixture.run(yaml: Self.yaml(path, precision), cache: cache).result.done == 2)
            return try fixture.digests(cache)
        }
        let exact = try digests(float, nil, "float")
        let rounded = try digests(float, "int8", "rounded")
        #expect(try digests(float, "float32", "asked") == exact)
        #expect(try digests(int8, nil, "stored") == rounded)
        #expect(exact.count == rounded.count && !exact.isEmpty && exact.allSatisfy { rounded[$0.key] != $0.value })
    }
}
