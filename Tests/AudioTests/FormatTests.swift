import Errors
import Audio
import TestSupport
import Testing

/// Every format that is written is heard again: rate, length, sound, in blocks of any size.
@Suite struct FormatTests {
    /// A rate that the format takes: Opus knows five.
    static func rate(_ format: AudioWriter.Format) -> Int { format == .opus ? 48000 : 22050 }

    /// Largest deviation of a sample, by what a format keeps.
    private func tolerance(_ format: AudioWriter.Format) -> Float {
        switch format {
        case .wavFloat: 0
        case .wav32, .wav24: 2.5e-7
        case .wav16, .flac, .aiff, .w64, .rf64: 3.1e-5 + 1e-7
        case .wavU8: 1.01 / 128
        case .ogg, .opus, .mp3: 0.05
        }
    }

    private func isLossy(_ format: AudioWriter.Format) -> Bool { [.ogg, .opus, .mp3].contains(format) }

    @Test(arguments: AudioWriter.Format.allCases, [1, 2]) func writtenAndHeard(
        format: AudioWriter.Format, channels: Int
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/clip." + format.rawValue
        let rate = Self.rate(format)
        let wave = Sound.sine(440, rate: rate, count: rate * 3 / 2)
        try AudioWriter.write(
            path, rate: rate, channels: channels, format: format,
            samples: wave.flatMap { [Float](repeating: $0, count: channels) })

        let file = try AudioFile(path: path)
        #expect(file.rate == rate && file.channels == channels)
        #expect(file.declaredFrames == Int64(wave.count))
        let heard = try DecodedAudio(path)
        #expect(heard.samples.count == wave.count)
        // An encoder that loses does so most at the ends.
        let edge = isLossy(format) ? rate / 25 : 0
        let kept = edge..<(wave.count - edge)
        let worst = zip(heard.samples[kept], wave[kept]).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= tolerance(format))
        #expect(abs(Sound.amplitude(heard.samples[kept], hertz: 440, rate: rate) - 0.5) < 0.01)
    }

    @Test(arguments: AudioWriter.Format.allCases, [1, 3]) func blocksDoNotMatter(
        format: AudioWriter.Format, channels: Int
    ) throws {
        // MP3 has two channels at most.
        let channels = format == .mp3 ? min(channels, 2) : channels
        let folder = try TemporaryFolder()
        let path = folder.path + "/clip." + format.rawValue
        try AudioWriter.write(
            path, rate: Self.rate(format), channels: channels, format: format,
            samples: Sound.noise(seed: 7, count: 20_011 * channels))
        let whole = try DecodedAudio(path, blocks: [100_000]).samples.map(\.bitPattern)
        #expect(whole.count == 20_011)
        for blocks in [[1], [1000], [8192], [8193, 1, 77], [4096, 12_345]] {
            #expect(try DecodedAudio(path, blocks: blocks).samples.map(\.bitPattern) == whole)
        }
    }

    @Test(arguments: AudioWriter.Format.allCases) func clippedWhereTheFormatDoes(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/loud." + format.rawValue
        let rate = Self.rate(format)
        try AudioWriter.write(
            path, rate: rate, channels: 1, format: format,
            samples: Sound.sine(440, rate: rate, count: rate, amplitude: 2))
        let peak = try #require(try DecodedAudio(path).samples.map(abs).max())
        switch format {
        case .wavFloat: #expect(peak > 1.99)
        case .ogg, .opus, .mp3: #expect(peak > 0.95)
        default: #expect(peak > 0.98 && peak <= 1)
        }
    }

    @Test func oneSample() throws {
        let folder = try TemporaryFolder()
        for format in AudioWriter.Format.allCases {
            let path = folder.path + "/one." + format.rawValue
            try AudioWriter.write(path, rate: Self.rate(format), channels: 1, format: format, samples: [0.5])
            #expect(try DecodedAudio(path).samples.count == 1, "\(format)")
        }
    }

    @Test func refusedRates() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/rate.opus"
        let fault = #expect(throws: AudioError.self) {
            try AudioWriter.write(path, rate: 12345, channels: 1, format: .opus, samples: [0, 0])
        }
        #expect(fault?.failureClass == .unreadable)
    }

    @Test func pathsThatAreNotUTF8() throws {
        let folder = try TemporaryFolder()
        let wav = try folder.put("plain.wav", WAVBytes.shorts([1, 2, 3]))
        let raw = Array(folder.path.utf8) + Array("/caf".utf8) + [0xE9] + Array(".wav".utf8)
        try #require(RawName.link(wav, to: raw))
        let file = try AudioFile(path: "caf?.wav", bytes: raw)
        #expect(file.declaredFrames == 3)
        #expect(DecodedAudio.fault(folder.path + "/café.wav")?.failureClass == .unreadable)
    }
}
