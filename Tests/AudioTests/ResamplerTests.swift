import Errors
import Audio
import Testing

@Suite struct ResamplerTests {
    static let rates = [8000, 11025, 22050, 44100, 48000, 192_000]

    /// What comes out of a wave that goes in by blocks of the given lengths, in turn.
    ///
    /// - Parameter endsApart: whether the end is told with an empty piece of its own.
    private func resample(
        _ wave: [Float], _ resampler: Resampler, blocks: [Int] = [.max], endsApart: Bool = false
    ) throws -> [Float] {
        var out: [Float] = []
        try wave.withUnsafeBufferPointer { wave in
            var place = 0
            var turn = 0
            while place < wave.count {
                let end = place + min(blocks[turn % blocks.count], wave.count - place)
                let piece = UnsafeBufferPointer(rebasing: wave[place..<end])
                try resampler.process(piece, end: end == wave.count && !endsApart) { out += $0 }
                place = end
                turn += 1
            }
            if endsApart { try resampler.process(UnsafeBufferPointer(start: nil, count: 0), end: true) { out += $0 } }
        }
        return out
    }

    private func resample(
        _ wave: [Float], from: Int, _ converter: Converter, blocks: [Int] = [.max], endsApart: Bool = false
    ) throws -> [Float] {
        let resampler = try Resampler(from: from, to: 16000, converter: converter)
        return try resample(wave, resampler, blocks: blocks, endsApart: endsApart)
    }

    @Test(arguments: Converter.allCases, [8000, 44100, 48000, 192_000]) func blocksDoNotMatter(
        converter: Converter, from: Int
    ) throws {
        let wave = Sound.noise(seed: 41, count: 40_007)
        let whole = try resample(wave, from: from, converter).map(\.bitPattern)
        for blocks in [[1], [997], [8192], [65_536], [1, 4096, 3, 30_000]] {
            #expect(try resample(wave, from: from, converter, blocks: blocks).map(\.bitPattern) == whole, "\(blocks)")
        }
        let apart = try resample(wave, from: from, converter, blocks: [1000], endsApart: true)
        #expect(apart.map(\.bitPattern) == whole)
    }

    @Test(arguments: Converter.allCases) func resetForgets(converter: Converter) throws {
        let wave = Sound.noise(seed: 42, count: 10_000)
        let resampler = try Resampler(from: 44100, to: 16000, converter: converter)
        let first = try resample(wave, resampler).map(\.bitPattern)
        try resampler.reset()
        _ = try resample(Sound.noise(seed: 43, count: 7777), resampler)
        try resampler.reset()
        #expect(try resample(wave, resampler).map(\.bitPattern) == first)
        // A clip that broke off, its end never told.
        try resampler.reset()
        _ = try wave.withUnsafeBufferPointer { try resampler.process($0, end: false) { _ in } }
        try resampler.reset()
        #expect(try resample(wave, resampler).map(\.bitPattern) == first)
    }

    @Test(arguments: Converter.allCases, rates) func lengthOfTheOutput(converter: Converter, from: Int) throws {
        for count in [1, 100, 16_000, 44_101] {
            let exact = Double(count) * 16000 / Double(from)
            let made = try resample(Sound.noise(seed: 44, count: count), from: from, converter).count
            #expect(abs(Double(made) - exact) <= 1.5, "\(count) samples give \(made)")
        }
    }

    @Test(arguments: Converter.allCases) func nothingGivesNothing(converter: Converter) throws {
        #expect(try resample([], from: 44100, converter, endsApart: true).count <= 1)
    }

    @Test(arguments: Converter.allCases) func sameRateIsLeftAlone(converter: Converter) throws {
        let wave = Sound.noise(seed: 45, count: 5000)
        #expect(try resample(wave, from: 16000, converter, blocks: [999]) == wave)
    }

    @Test(arguments: Converter.allCases, rates) func aSineKeepsItsAmplitude(converter: Converter, from: Int) throws {
        // A straight line between samples flattens what has few of them.
        let hertz = converter == .linear ? 100.0 : 1000.0
        let wave = Sound.sine(hertz, rate: from, count: from, amplitude: 0.5)
        let out = try resample(wave, from: from, converter, blocks: [10_000])
        #expect(out.count > 15_990)
        let amplitude = Sound.amplitude(out[1000..<15_000], hertz: hertz, rate: 16000)
        #expect(abs(amplitude / 0.5 - 1) < 0.01, "\(amplitude)")
        #expect(out[1000..<15_000].allSatisfy { abs($0) < 0.51 })
    }

    /// The output neither lags nor leads: sample i stands for the time i / 16000.
    @Test(arguments: Converter.allCases, [8000, 44100]) func noDelay(converter: Converter, from: Int) throws {
        let hertz = 200.0
        let out = try resample(Sound.sine(hertz, rate: from, count: from), from: from, converter)
        let ideal = Sound.sine(hertz, rate: 16000, count: 16_000)
        // Linear interpolation may be off by one input sample.
        let tolerance: Float = converter == .linear ? 0.08 : 2e-3
        let worst = zip(out[1000..<15_000], ideal[1000..<15_000]).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < tolerance, "\(worst)")
    }

    /// What 16 kHz cannot hold must not fold back into it.
    @Test(arguments: Converter.allCases.filter { $0 != .linear }) func noAliases(converter: Converter) throws {
        let out = try resample(Sound.sine(11_000, rate: 48000, count: 48_000), from: 48000, converter)
        #expect(out[1000..<15_000].allSatisfy { abs($0) < 1e-3 })
    }

    @Test(arguments: Converter.allCases) func absurdRatesAreRefusedOrWork(converter: Converter) throws {
        for from in [100, 10_000_000] {
            do throws(AudioError) {
                let resampler = try Resampler(from: from, to: 16000, converter: converter)
                let out = try? resample(Sound.noise(seed: 46, count: 5000), resampler)
                let exact = 5000 * 16000.0 / Double(from)
                #expect(abs(Double(out?.count ?? -1) - exact) <= 0.01 * exact + 2)
            } catch {
                #expect(error.failureClass == .unsupported)
                #expect(error.reason.hasPrefix("cannot resample \(from) to 16000 Hz: "))
            }
        }
    }

    @Test func names() {
        #expect(
            Converter.allCases.map(\.rawValue)
                == ["sinc-best", "sinc-medium", "sinc-fastest", "linear", "soxr-hq", "soxr-vhq"])
    }
}
