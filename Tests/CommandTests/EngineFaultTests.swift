import Foundation
import TestSupport
import Testing

/// An engine that crashes or hangs on one clip, in whole runs of the program: it costs that clip.
@Suite(
    .enabled(if: Tool.isBuilt, Tool.notBuilt), .enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler))
struct EngineFaultTests {
    private static let rate = 8000
    private static let loud = "d"

    /// Six clips of three chunks, of which one has a chunk that the stub cannot bear, a card, and the stub.
    private func made(_ fault: StubEngine.Fault) throws -> Scratch {
        let scratch = try Scratch()
        for name in ["a", "b", "c", "d", "e", "f"] {
            var samples = (0..<3 * 3200).map { Int16(1000 + $0 % 50) }
            if name == Self.loud { samples[4000] = 32_000 }
            try scratch.writeWAV(name + ".wav", rate: Self.rate, samples: samples)
        }
        try scratch.write(
            "m.csv", "clip,path\n" + ["a", "b", "c", "d", "e", "f"].map { "\($0),\($0).wav\n" }.joined())
        try StubEngine.make(scratch.path("libonnxruntime.so"), fault, width: 3200, outputs: 2)
        // An ONNX file of nothing but its producer's name.
        try scratch.write("g.onnx", [0x12, 33] + Array("any file is the graph of the stub".utf8))
        try scratch.write(
            "stub.yaml",
            """
            card: 1
            name: Stub
            file: g.onnx
            sha256: 2ffbeda6e5c5d322979b7c1242a389a6b6059d1c948545140fd70b3af4cb640c
            engine: onnxruntime
            licence: CC0-1.0
            input: {reads: wave, tensor: x, layout: [batch, samples], rate: 8000, chunk: 3200}
            outputs:
              scores: {tensor: y, layout: [batch, classes], activation: none}
            classes: [first, second]

            """)
        try scratch.write(
            "p.yaml",
            """
            name: stubbed
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: 8000}
              chunk: {uses: chunk, from: resample, rate: 8000, seconds: 0.4, overlap: 0}
              infer: {uses: infer, from: chunk, model: \(scratch.path("stub.yaml"))}
              scores-cache: {uses: cache, from: infer}

            """)
        return scratch
    }

    private func run(_ scratch: Scratch, _ sets: [String] = []) throws -> Tool.Result {
        try Tool.run(
            scratch.run(scratch.path("p.yaml"), manifest: "m.csv", workers: 2, sets: sets),
            environment: ["EARMARK_ENGINES": scratch.path("libonnxruntime.so")])
    }

    /// The reason of the one failed clip, after checking that all others are done.
    private func reason(_ scratch: Scratch, _ kind: String) throws -> String {
        let status = try scratch.status()
        #expect(status.addsUp && status.done == 5 && status.failed == 1 && status.pending == 0, "\(status)")
        let failure = try #require(status.failures.first)
        #expect(failure.clip == Self.loud && failure.class == kind, "\(failure)")
        return failure.reason
    }

    @Test("An engine that crashes on a clip: a third run gets past it, and the failure names model and engine")
    func crash() throws {
        let scratch = try made(.crashes)
        // The first crash says which clips shared the batch, the second which of them it is.
        for _ in 0..<2 { #expect(try run(scratch).status == 128 + SIGABRT) }
        let last = try run(scratch)
        #expect(last.status == 3, "\(last)")
        #expect(try reason(scratch, "deadly").contains("Stub by ONNX Runtime 1.99.0"))
    }

    @Test("An engine that hangs on a clip: runs end with 75 and its name, and a third gets past it")
    func hang() throws {
        let scratch = try made(.hangs)
        for time in 0..<2 {
            let ended = try run(scratch, ["infer.call-limit=5"])
            #expect(ended.status == 75, "\(ended)")
            #expect(ended.errors.contains("Stub by ONNX Runtime 1.99.0 has not returned within 5 s"), "\(ended)")
            #expect(time == 0 || ended.errors.contains("'d'"), "\(ended)")
        }
        let last = try run(scratch, ["infer.call-limit=5"])
        #expect(last.status == 3, "\(last)")
        #expect(
            try reason(scratch, "stuck")
                == "Stub by ONNX Runtime 1.99.0 did not return within 5 s from computing this clip")
    }

    @Test("An engine that fails on a clip: that run does the others, and the failure has the engine's words")
    func failure() throws {
        let scratch = try made(.fails)
        let ended = try run(scratch)
        #expect(ended.status == 3, "\(ended)")
        let reason = try reason(scratch, "invalid")
        #expect(reason.contains("ONNX Runtime 1.99.0") && reason.contains("a value is too large"), "\(reason)")
    }

    @Test("A sound engine does all clips, and the same command then has nothing to do")
    func sound() throws {
        let scratch = try made(.none)
        #expect(try run(scratch).status == 0)
        #expect(try scratch.status().done == 6)
        #expect(try run(scratch).errors.contains("nothing to do"))
    }
}
