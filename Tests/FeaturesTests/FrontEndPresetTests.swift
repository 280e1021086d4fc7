import Features
import Foundation
import Testing

/// The front-ends of other projects, held against independent implementations of them.
///
/// The golden vectors are by Scripts/fixtures/frontend_presets.py: librosa, torchaudio and NumPy.
@Suite struct FrontEndPresetTests {
    static let others = FrontEndPreset.allCases.filter { $0 != .yamnet }
    /// What Earmark promises.
    static let promised: Float = 1e-3
    /// What it keeps: VGGish's is in single precision, AST's and EfficientAT's golden bands are.
    static let kept: Float = 2e-4

    private static func wave(_ preset: FrontEndPreset) throws -> [Float] {
        try Golden.floats("presets/wave-\(preset.frontEnd.rate)")
    }

    @Test(arguments: others) func storedFrames(preset: FrontEndPreset) throws {
        let frontEnd = preset.frontEnd
        let golden = try Golden.floats("presets/\(preset.rawValue)" + (frontEnd.range > 0 ? "-stored" : ""))
        #expect(golden.count > 50 * frontEnd.bands)
        let worst = Wave.worst(try Wave.logMel(try Self.wave(preset), blocks: [1000], frontEnd: frontEnd), golden)
        #expect(worst <= Self.promised && worst <= Self.kept, "\(worst)")
    }

    /// Where the values hang on the maximum, that of the patch.
    @Test(arguments: [FrontEndPreset.whisper, .librosa]) func patches(preset: FrontEndPreset) throws {
        let frontEnd = preset.frontEnd
        let golden = try Golden.floats("presets/\(preset.rawValue)")
        var patch = Array(try Wave.logMel(try Self.wave(preset), frontEnd: frontEnd).prefix(golden.count))
        let before = patch
        patch.withUnsafeMutableBufferPointer { frontEnd.finish($0) }
        #expect(Wave.worst(patch, golden) <= Self.kept)
        #expect(zip(patch, before).contains { $0 != $1 })
    }

    /// Frames of a chunk of silence, of a wave of one sample, and of none.
    @Test(arguments: FrontEndPreset.allCases) func silence(preset: FrontEndPreset) throws {
        let frontEnd = preset.frontEnd
        let count = 3 * frontEnd.window
        let frames = try Wave.logMel([Float](repeating: 0, count: count), frontEnd: frontEnd)
        #expect(frames.count == frontEnd.frames(samples: count) * frontEnd.bands && !frames.isEmpty)
        #expect(frames.allSatisfy { abs($0 - frontEnd.silence) <= 1e-5 })
        #expect(try Wave.logMel([], frontEnd: frontEnd).isEmpty)
        #expect(frontEnd.frames(samples: 0) == 0)
    }

    /// A patch fits the samples of a lone chunk, and chunks at half overlap begin on frames.
    @Test(arguments: FrontEndPreset.allCases) func chunks(preset: FrontEndPreset) throws {
        let frontEnd = preset.frontEnd
        try frontEnd.check()
        for overlap in [0, 0.5] {
            let plan = try ChunkPlan(frontEnd: frontEnd, overlap: overlap)
            #expect(plan.chunkFrames >= frontEnd.patchFrames)
            for samples in [1, frontEnd.chunk, 3 * frontEnd.chunk + 7] {
                let first = (plan.count(samples: samples) - 1) * plan.hop / frontEnd.hop
                #expect(plan.frameCount(samples: samples) == first + plan.chunkFrames)
            }
        }
    }

    @Test(arguments: FrontEndPreset.allCases) func samplesOfFrames(preset: FrontEndPreset) {
        let frontEnd = preset.frontEnd
        for frames in [1, 2, 3, 50, frontEnd.patchFrames] {
            let samples = frontEnd.samples(frames: frames)
            #expect(frontEnd.frames(samples: samples) == frames)
            #expect(frontEnd.frames(samples: samples - 1) < frames)
        }
    }

    @Test(arguments: FrontEndPreset.allCases) func textThereAndBack(preset: FrontEndPreset) throws {
        let text = try JSONEncoder().encode(preset.frontEnd)
        #expect(try JSONDecoder().decode(FrontEnd.self, from: text) == preset.frontEnd)
    }

    /// What stood in model files before there were other front-ends: a digest over the file must not move.
    @Test func textOfYAMNets() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        #expect(
            String(decoding: try encoder.encode(FrontEnd.standard), as: UTF8.self)
                == #"{"bands":64,"chunk":16000,"fft":512,"high":7500,"hop":160,"low":125,"offset":0.001,"#
                + #""patchFrames":96,"rate":16000,"window":400}"#)
    }

    @Test(arguments: [#""loudness":1"#, #""framing":"right""#, #""framing":7"#]) func unknownSettings(text: String) {
        let json =
            #"{"bands":64,"chunk":16000,"fft":512,"high":7500,"hop":160,"low":125,"offset":0.001,"patchFrames":96,"#
            + #""rate":16000,"window":400,\#(text)}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(FrontEnd.self, from: Data(json.utf8)) }
    }

    /// Every setting that no frames can be made by is refused by its name.
    @Test func refusedSettings() {
        let wrong: [(String, (inout FrontEnd) -> Void)] = [
            ("rate", { $0.rate = 3999 }), ("rate", { $0.rate = 384_001 }), ("fft", { $0.fft = 511 }),
            ("fft", { $0.fft = 1 << 17 }), ("window", { $0.window = 513 }), ("window", { $0.window = 1 }),
            ("hop", { $0.hop = 0 }), ("bands", { $0.bands = 0 }), ("low", { $0.low = -1 }), ("low", { $0.low = 8000 }),
            ("high", { $0.high = 125 }), ("high", { $0.high = 8001 }), ("high", { $0.high = .nan }),
            ("offset", { $0.offset = 0 }), ("offset", { $0.offset = -1 }), ("floor", { $0.floor = .infinity }),
            ("range", { $0.range = -1 }), ("reference", { $0.reference = 0 }), ("deviation", { $0.deviation = 0 }),
            ("mean", { $0.mean = .nan }), ("pre-emphasis", { $0.preEmphasis = 1 }), ("chunk", { $0.chunk = 0 }),
            ("patch", { $0.patchFrames = 0 }),
        ]
        for (key, change) in wrong {
            var frontEnd = FrontEnd.standard
            change(&frontEnd)
            let fault = #expect(throws: FrontEnd.Misfit.self) { try frontEnd.check() }
            #expect(fault?.description.hasPrefix("'\(key)' is ") == true, "\(String(describing: fault))")
            #expect(fault?.description.contains("expected ") == true)
        }
    }
}
