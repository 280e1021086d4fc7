import Files
import Foundation
import Sessions
import Testing

/// What int16 clips is counted, in the clips that a run commits.
@Suite struct ClippingTests {
    @Test(arguments: ["int16", "float32"]) func aRunCountsWhatItClips(dtype: String) throws {
        let fixture = try PipelineFixture()
        // 50 samples above full scale, 30 below, and the two values that still fit.
        var loud = [Float](repeating: 0.25, count: 20_000)
        for place in 100..<150 { loud[place] = 1.059 }
        for place in 300..<330 { loud[place] = -1.01 }
        (loud[400], loud[401]) = (32767 / 32768, -1)
        try fixture.addSamples("loud", loud, rate: 16_000)
        try fixture.addSamples("quiet", [Float](repeating: 0.5, count: 16_000), rate: 16_000)
        let report = try fixture.run(sets: ["raw-cache.dtype=\(dtype)"])
        #expect(report.result.done == 2)
        // Stored with the padding of the last chunk.
        var expected = dtype == "int16" ? Clipping(stored: 40_000, samples: 80, clips: 1) : Clipping()
        if dtype == "int16" { expected.stage = "raw-cache" }
        #expect(report.clipping == expected)
        if dtype == "int16" {
            #expect(
                report.clipping.text()
                    == "int16 raw: 80 of 40,000 samples, in 1 clip, were beyond full scale and were clipped "
                    + "(--set raw-cache.dtype=float32 keeps them)")
            // A command without --set says what can be done there.
            #expect(
                report.clipping.text(pipeline: "p.yaml").hasSuffix(
                    "(a copy of p.yaml with 'dtype: float32' in stage 'raw-cache', used as the pipeline, keeps them)"))
        }
        #expect(try fixture.run(sets: ["raw-cache.dtype=\(dtype)"]).clipping == Clipping())
    }

    @Test func aRunCountsWhatItWasToldToAccept() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("whole", seconds: 1)
        var odd = [Float](repeating: 0.25, count: 8_000)
        for place in 10..<25 { odd[place] = .nan }
        try fixture.addSamples("odd", odd, rate: 16_000)
        try fixture.addClip("cut", seconds: 2)
        let bytes = try FileSystem.read(fixture.folder + "/cut.wav")
        try FileSystem.write(fixture.folder + "/cut.wav") { try $0(bytes.prefix(bytes.count / 2)[...]) }
        #expect(try fixture.run(cache: fixture.cache("strict")).failures == 2)
        let report = try fixture.run(sets: ["decode.truncated=accept", "decode.non-finite=zero"])
        #expect(report.result.done == 3 && report.failures == 0)
        #expect(report.accepted.damagedClips == 1 && report.accepted.zeroed == 15 && report.accepted.zeroedClips == 1)
        #expect(
            report.accepted.lines == [
                "truncated accept: 1 clip is cut or damaged; what was readable was used",
                "non-finite zero: 15 samples in 1 clip were not finite and are 0",
            ])
    }
}
