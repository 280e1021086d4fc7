import Features
import Foundation
import Testing

@Suite struct LogMelTests {
    /// What Earmark promises against an independent implementation, in the natural logarithm.
    static let promised: Float = 1e-3
    /// What the fast path keeps against the plain one: 3.4e-5 is the worst of the waves below, where single precision
    /// is still taken for good enough.
    static let kept: Float = 1e-4
    /// Rounding of the result alone, near 7.
    static let rounding: Float = 1e-6

    @Test func everyGoldenFrame() throws {
        let golden = try Golden.floats("mel")
        #expect(golden.count == 198 * 64)
        let worst = Wave.worst(try Wave.logMel(try Golden.floats("wave")), golden)
        #expect(worst <= Self.promised)
        #expect(worst <= Self.kept)
    }

    @Test func plainIsTheDefinition() throws {
        let plain = PlainLogMel.frames(try Golden.floats("wave"), .standard)
        #expect(Wave.worst(plain, try Golden.floats("mel")) <= Self.rounding)
    }

    @Test func silenceIsTheOffset() throws {
        let frames = try Wave.logMel([Float](repeating: 0, count: 3200))
        #expect(frames.count == 18 * 64)
        #expect(Wave.worst(frames, .init(repeating: Float(log(0.001)), count: frames.count)) <= Self.rounding)
    }

    @Test func fullScaleDirectCurrent() throws {
        let wave = [Float](repeating: 1, count: 3200)
        let frames = try Wave.logMel(wave)
        #expect(Wave.worst(frames, PlainLogMel.frames(wave, .standard)) <= Self.kept)
        // What of it reaches the bands is the window's side lobes: little, and less the higher the band.
        #expect(frames[0] < 1)
        #expect(frames[63] < frames[0] - 4)
    }

    @Test(arguments: [50, 200, 1000, 3000, 7000, 7900]) func loudTone(hertz: Double) throws {
        let wave = Wave.sine(hertz, count: 4800, amplitude: 1)
        #expect(Wave.worst(try Wave.logMel(wave), PlainLogMel.frames(wave, .standard)) <= Self.kept)
    }

    /// The bands beside the tone lie down to six powers of ten below it: the window must be applied in double precision.
    @Test(arguments: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as [Float]) func quietBandsBesideALoudTone(
        amplitude: Float
    ) throws {
        let wave = Wave.sum(
            Wave.sine(1000, count: 8000, amplitude: 0.99), Wave.noise(seed: 2, count: 8000, amplitude: amplitude))
        #expect(Wave.worst(try Wave.logMel(wave), PlainLogMel.frames(wave, .standard)) <= Self.kept)
    }

    @Test(arguments: [1, 1e-2, 1e-4, 1e-6] as [Float]) func noise(amplitude: Float) throws {
        let wave = Wave.noise(seed: 3, count: 4000, amplitude: amplitude)
        #expect(Wave.worst(try Wave.logMel(wave), PlainLogMel.frames(wave, .standard)) <= Self.kept)
    }

    @Test func aToneIsLoudestInItsBand() throws {
        let bank = MelBank(.standard)
        for (band, triangle) in bank.bands.enumerated() where band % 7 == 3 {
            let heaviest = triangle.weights.indices.max { triangle.weights[$0] < triangle.weights[$1] } ?? 0
            let hertz = Double(triangle.firstBin + heaviest) * 16000 / 512
            let frame = try Wave.logMel(Wave.sine(hertz, count: 400, amplitude: 0.5))
            let loudest = frame.indices.max { frame[$0] < frame[$1] }
            #expect(loudest == band, "\(hertz) Hz")
        }
    }

    @Test(arguments: [(0, 0), (1, 0), (399, 0), (400, 1), (401, 1), (559, 1), (560, 2), (720, 3), (16000, 98)])
    func framesOfALength(samples: Int, frames: Int) throws {
        let wave = Wave.noise(seed: 4, count: samples)
        let out = try Wave.logMel(wave)
        #expect(out.count == frames * 64)
        if samples < 1000 { #expect(Wave.worst(out, PlainLogMel.frames(wave, .standard)) <= Self.kept) }
    }

    @Test(arguments: [[1], [7], [159, 1], [160], [400], [399, 401, 2], [16000], [5120, 5121], [1, 12345, 77]])
    func blocksDoNotMatter(blocks: [Int]) throws {
        let wave = try Golden.floats("wave")
        let whole = try Wave.logMel(wave).map(\.bitPattern)
        #expect(try Wave.logMel(wave, blocks: blocks).map(\.bitPattern) == whole)
    }

    /// A frame's bits do not hang on those before it: a chunk alone gives what it gives within its clip.
    @Test func framesDoNotHangOnTheirNeighbours() throws {
        let wave = try Golden.floats("wave")
        let whole = try Wave.logMel(wave)
        let part = try Wave.logMel(Array(wave[8000..<24000]))
        #expect(part.map(\.bitPattern) == whole[(50 * 64)..<(148 * 64)].map(\.bitPattern))
    }

    @Test func resetForgets() throws {
        let wave = Wave.noise(seed: 5, count: 4001)
        let logMel = try LogMel(frontEnd: .standard)
        let first = try Wave.logMel(wave, with: logMel)
        #expect(try Wave.logMel(wave, with: logMel) != first)
        logMel.reset()
        #expect(try Wave.logMel(wave, with: logMel).map(\.bitPattern) == first.map(\.bitPattern))
    }

    /// Sizes that fill no whole vector and no whole group of frames.
    @Test func anotherFrontEnd() throws {
        var frontEnd = FrontEnd.standard
        frontEnd.window = 251
        frontEnd.hop = 83
        frontEnd.fft = 256
        frontEnd.bands = 19
        frontEnd.high = 7000
        let wave = Wave.noise(seed: 6, count: 6000, amplitude: 0.3)
        let frames = try Wave.logMel(wave, blocks: [1000], frontEnd: frontEnd)
        #expect(frames.count == ((6000 - 251) / 83 + 1) * 19)
        #expect(Wave.worst(frames, PlainLogMel.frames(wave, frontEnd)) <= Self.kept)
    }

    /// Features must not hang on the machine that made them.
    @Test(arguments: [64, 19]) func everyProcessorGivesTheSameBits(bands: Int) throws {
        var frontEnd = FrontEnd.standard
        frontEnd.bands = bands
        frontEnd.window = bands == 64 ? 400 : 397
        let waves = [
            try Golden.floats("wave"), Wave.noise(seed: 7, count: 16000, amplitude: 1e-5),
            Wave.sum(Wave.sine(1000, count: 8000, amplitude: 0.99), Wave.noise(seed: 8, count: 8000, amplitude: 1e-4)),
            [Float](repeating: 0, count: 800),
        ]
        let fast = try LogMel(frontEnd: frontEnd)
        let plain = try LogMel(frontEnd: frontEnd, isPlain: true)
        for wave in waves {
            fast.reset()
            plain.reset()
            let bits = try Wave.logMel(wave, frontEnd: frontEnd, with: fast).map(\.bitPattern)
            #expect(!bits.isEmpty)
            #expect(try Wave.logMel(wave, frontEnd: frontEnd, with: plain).map(\.bitPattern) == bits)
        }
    }

    @Test func periodicWindow() {
        let window = FrontEnd.WindowShape.hann.values(400)
        #expect(window[0] == 0)
        #expect(window[200] == 1)
        #expect(abs(window[100] - 0.5) < 1e-7)
        #expect((1..<400).allSatisfy { abs(window[$0] - window[400 - $0]) < 1e-7 })
    }
}
