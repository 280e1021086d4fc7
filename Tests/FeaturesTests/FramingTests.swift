import Features
import Foundation
import Testing

/// Streams of every length and cut, through every kind of framing: the same frames as by the definition.
@Suite struct FramingTests {
    /// Small, so that the definition is quick; sizes that divide nothing.
    private static func frontEnd(_ framing: FrontEnd.Framing, window: Int = 25, hop: Int = 7) -> FrontEnd {
        var made = FrontEnd(
            rate: 16_000, window: window, hop: hop, fft: 32, bands: 5, low: 300, high: 7000, offset: 1e-3, chunk: 700,
            patchFrames: 10)
        made.framing = framing
        made.spectrum = .power
        return made
    }

    private static let variants: [(String, @Sendable (inout FrontEnd) -> Void)] = [
        ("as it is", { _ in }),
        ("a window as long as the transform", { $0.window = 32 }),
        ("an even window", { $0.window = 20 }),
        ("gaps between frames", { $0.hop = 41 }),
        (
            "emphasis of the wave",
            {
                $0.preEmphasis = 0.97; $0.preEmphasisScope = .wave
            }
        ),
        (
            "Kaldi's",
            {
                $0.preEmphasis = 0.97; $0.removesMean = true; $0.windowShape = .povey
            }
        ),
        (
            "magnitude in decibels",
            {
                $0.spectrum = .magnitude; $0.logarithm = .decibel; $0.reference = 0.5
            }
        ),
        (
            "decimal with a floor",
            {
                $0.logarithm = .decimal; $0.offset = 0; $0.floor = 1e-4
            }
        ),
        (
            "Slaney's bands",
            {
                $0.melScale = .slaney; $0.triangles = .hertz; $0.bandNorm = .area
            }
        ),
        (
            "scaled",
            {
                $0.mean = -4; $0.deviation = 2.5; $0.windowShape = .symmetricHamming
            }
        ),
        (
            "a range",
            {
                $0.range = 3; $0.mean = 1; $0.windowShape = .hamming
            }
        ),
    ]

    @Test(arguments: FrontEnd.Framing.allCases, variants.indices)
    func everyLengthAndCut(framing: FrontEnd.Framing, variant: Int) throws {
        var frontEnd = Self.frontEnd(framing)
        let (name, change) = Self.variants[variant]
        change(&frontEnd)
        let logMel = try LogMel(frontEnd: frontEnd)
        let wave = Wave.noise(seed: 11, count: 3 * 32 + 5, amplitude: 0.5)
        for length in 0...wave.count {
            let part = Array(wave.prefix(length))
            let plain = PlainLogMel.frames(part, frontEnd)
            #expect(plain.count == frontEnd.frames(samples: length) * frontEnd.bands, "\(name), \(length)")
            var bits: [UInt32]?
            for blocks in [[Int.max], [1], [2, 31, 5], [frontEnd.hop], [frontEnd.window, 1]] {
                logMel.reset()
                let frames = try Wave.logMel(part, blocks: blocks, frontEnd: frontEnd, with: logMel)
                #expect(Wave.worst(frames, plain) <= 2e-5, "\(name), \(length), \(blocks)")
                bits = bits ?? frames.map(\.bitPattern)
                #expect(frames.map(\.bitPattern) == bits, "\(name), \(length), \(blocks)")
            }
        }
    }

    /// The mirror does not repeat the outermost sample, and goes back and forth over a wave shorter than half a window.
    @Test func mirrorByHand() throws {
        var frontEnd = Self.frontEnd(.centredReflect, window: 16, hop: 4)
        frontEnd.fft = 16
        let wave: [Float] = [1, 2, 3]
        let ramp: [Float] = [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]
        // Eight samples before the first, by the mirror: 1 2 3 2 1 2 3 2, and then the wave itself.
        let around = ramp + [1, 2, 3, 2]
        frontEnd.framing = .left
        let expected = try Wave.logMel(Array(around.prefix(16)), frontEnd: frontEnd)
        frontEnd.framing = .centredReflect
        #expect(try Wave.logMel(wave, frontEnd: frontEnd).map(\.bitPattern) == expected.map(\.bitPattern))
    }

    /// Each window by its own properties; periodic ones as the longer symmetric ones without their last value.
    @Test func windows() {
        for (periodic, symmetric) in [
            (FrontEnd.WindowShape.hann, FrontEnd.WindowShape.symmetricHann), (.hamming, .symmetricHamming),
        ] {
            let (short, long) = (periodic.values(400), symmetric.values(401))
            #expect(zip(short, long).allSatisfy { abs($0 - $1) < 1e-12 })
            #expect(zip(long, long.reversed()).allSatisfy { abs($0 - $1) < 1e-12 })
        }
        let povey = FrontEnd.WindowShape.povey.values(401)
        #expect(povey[200] == 1 && povey[0] == 0 && povey[400] == 0)
        #expect(abs(povey[100] - pow(0.5, 0.85)) < 1e-12)
        #expect(abs(FrontEnd.WindowShape.hamming.values(400)[0] - 0.08) < 1e-12)
    }

    /// A band of area 1 gives white power the same level whatever its width.
    @Test func areas() {
        var frontEnd = FrontEndPreset.panns.frontEnd
        let step = Double(frontEnd.rate) / Double(frontEnd.fft)
        for band in MelBank(frontEnd).bands where band.weights.count > 8 {
            #expect(abs(Double(band.weights.reduce(0, +)) * step - 1) < 0.03)
        }
        frontEnd.bandNorm = .none
        #expect(MelBank(frontEnd).bands.allSatisfy { $0.weights.allSatisfy { $0 > 0 && $0 <= 1 } })
    }
}
