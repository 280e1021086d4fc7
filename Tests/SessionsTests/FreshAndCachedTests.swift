import Cache
import Corpora
import Files
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

@Suite struct FreshAndCachedTests {
    /// The model that ships, over clips of several lengths: what is inferred while the frames are made is what is inferred
    /// from the cache.
    @Test(arguments: [0, 0.01, 0.02, 0.03, 0.04, 0.25, 0.5, 0.75, 0.9, 0.99])
    func aFreshPassScoresAsACachedOneDoes(overlap: Double) throws {
        let fixture = try PipelineFixture()
        for (index, seconds) in [0.4, 1, 1.01, 1.99, 2.5, 6.3, 11].enumerated() {
            try fixture.addClip("clip \(index)", seconds: seconds, rate: index % 2 == 0 ? 16_000 : 44_100)
        }
        let sets = ["chunk.overlap=\(overlap)"]
        try fixture.run("label.yaml", sets: sets, cache: fixture.cache("fresh"))
        let features = try fixture.run("features.yaml", sets: sets, cache: fixture.cache("cached"))
        #expect(features.result.done == 7)
        let labels = try fixture.run("label.yaml", sets: sets, cache: fixture.cache("cached"))
        #expect(labels.result.done == 7 && labels.plan.routes.allSatisfy { $0.replays.count == 2 })
        let fresh = try fixture.digests(fixture.cache("fresh"))
        #expect(fresh.count == 28)
        #expect(try fixture.digests(fixture.cache("cached")) == fresh)
        // Rows cover the zeros behind a clip's end; the seconds of audio are those of the recordings all the same.
        for cache in ["fresh", "cached"] {
            let audio = try #require(try fixture.cache(cache).reading().lastRun()?.audio)
            #expect(abs(audio - 24.2) < 0.02, "\(audio) in \(cache)")
        }
    }

    @Test(
        "In 8-bit integers, with quiet chunks left out: parts of recordings and members of a zip, fresh and from the cache, alone and in batches"
    )
    func int8() throws {
        let fixture = try PipelineFixture()
        var state: UInt64 = 7
        let gains: [Float] = [0.5, 0.0005, 0.5, 0.3]
        let samples = (0..<Int(8.3 * 16_000)).map { index -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return gains[index / 35_000] * Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
        }
        try fixture.addSamples("a", samples, rate: 16_000)
        try fixture.addClip("b", seconds: 3.7, rate: 44_100)
        let zip = MadeZip(
            try ["a", "b"].map {
                .init("\($0).wav", try FileSystem.read("\(fixture.folder)/\($0).wav"), deflated: $0 == "a")
            })
        try FileSystem.write(fixture.folder + "/z.zip") { try $0(zip.data[...]) }
        let text = """
            clip,path,start,end
            a,a.wav,,
            b,b.wav,,
            a-zip,z.zip!/a.wav,,
            b-zip,z.zip!/b.wav,,
            part,a.wav,1.2,7.4
            part-zip,z.zip!/a.wav,1.2,7.4

            """
        try FileSystem.write(fixture.folder + "/parts.csv") { try $0(Array(text.utf8)[...]) }
        func run(_ pipeline: String, _ sets: [String] = [], cache: String, workers: Int = 2) throws {
            let session = try RunSession(
                pipeline: PipelineLoader.load(
                    path: "\(PipelineFixture.root)/Pipelines/\(pipeline)", sets: ["chunk.skip-below=-40"] + sets),
                manifest: Manifest(contentsOf: fixture.folder + "/parts.csv"), cache: fixture.cache(cache))
            let report = try session.run(session.plan(), workers: workers, stop: StopSignal()) { _ in }
            try session.close()
            #expect(report.result.done == 6 && report.failures == 0)
            #expect(pipeline == "features.yaml" || (report.skipped?.clips ?? 0) > 0)
        }
        try run("label.yaml", cache: "fresh")
        let fresh = try fixture.digests(fixture.cache("fresh"))
        #expect(fresh.count == 30)
        for kind in ["raw", "mel", "levels", "scores", "clip-scores"] {
            for clip in ["a", "b", "part"] {
                #expect(fresh["\(clip) \(kind)"] != nil && fresh["\(clip) \(kind)"] == fresh["\(clip)-zip \(kind)"])
            }
        }
        try run("features.yaml", cache: "cached")
        try run("label.yaml", cache: "cached")
        #expect(try fixture.digests(fixture.cache("cached")) == fresh)
        try run("label.yaml", ["infer.batch=1"], cache: "alone", workers: 1)
        #expect(try fixture.digests(fixture.cache("alone")) == fresh)
        // The model that ships is stored in 8 bits, and so is computed in them.
        try run("label.yaml", ["infer.precision=float32"], cache: "float32")
        let exact = try fixture.digests(fixture.cache("float32"))
        #expect(exact["b scores"] != fresh["b scores"] && exact["b mel"] == fresh["b mel"])
    }
}
