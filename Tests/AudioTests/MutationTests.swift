import Errors
import Audio
import Random
import TestSupport
import Testing

/// Damaged files never crash or hang a run: they give finite samples or an error that names them.
@Suite struct MutationTests {
    /// One way to damage a file, drawn from the generator.
    private func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var out = bytes
        let header = min(out.count, 96)
        switch random.below(7) {
        case 0:
            for _ in 0...random.below(8) { out[random.below(out.count)] = UInt8(random.below(256)) }
        case 1:
            for _ in 0...random.below(3) { out[random.below(header)] ^= 1 << UInt8(random.below(8)) }
        case 2:
            // The lengths and counts of a header at their ends.
            let place = random.below(header - 4)
            let value: [UInt8] = [[0, 0, 0, 0], [255, 255, 255, 255], [255, 255, 255, 127], [0, 0, 0, 128]][
                random.below(4)]
            out.replaceSubrange(place..<place + 4, with: value)
        case 3:
            let start = random.below(out.count)
            out.removeSubrange(start..<min(out.count, start + 1 + random.below(200)))
        case 4:
            let start = random.below(out.count)
            out.insert(
                contentsOf: out[start..<min(out.count, start + 1 + random.below(200))], at: random.below(out.count))
        case 5:
            let start = random.below(out.count)
            for place in start..<min(out.count, start + 1 + random.below(500)) { out[place] = UInt8(random.below(256)) }
        default:
            let start = random.below(out.count)
            for place in start..<min(out.count, start + 1 + random.below(500)) { out[place] = 0 }
        }
        return out
    }

    private func survive(_ original: [UInt8], _ folder: TemporaryFolder, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for turn in 0..<40 {
            var bytes = original
            for _ in 0...random.below(3) where bytes.count > 100 { bytes = mutate(bytes, &random) }
            let path = try folder.put("mutant", bytes)
            for (truncation, nonFinite) in [(Truncation.fail, NonFinite.fail), (.accept, .zero)] {
                let place = Comment("seed \(seed), turn \(turn)")
                do throws(AudioError) {
                    let heard = try DecodedAudio(path, truncation: truncation, nonFinite: nonFinite).samples
                    let allFinite = heard.allSatisfy { $0.isFinite }
                    #expect(!heard.isEmpty && allFinite, place)
                } catch {
                    let isNamed = error.path == path && !error.reason.isEmpty && !error.reason.contains("\n")
                    #expect(error.failureClass != .internal && isNamed, place)
                }
            }
        }
    }

    @Test(arguments: Array(AudioWriter.Format.allCases.enumerated()).map { (UInt64($0.offset), $0.element) }, [1, 2])
    func everyFormat(format: (seed: UInt64, format: AudioWriter.Format), channels: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/whole." + format.format.rawValue
        try AudioWriter.write(
            path, rate: FormatTests.rate(format.format), channels: channels, format: format.format,
            samples: Sound.noise(seed: format.seed, count: 3000 * channels))
        try survive(try folder.bytes(path), folder, seed: 100 * format.seed + UInt64(channels))
    }

    @Test(arguments: IntegerFile.Format.allCases) func integerFormats(format: IntegerFile.Format) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/whole"
        try IntegerFile.write(
            path, format, channels: 1, Sound.shorts(seed: 31, count: 3000).map { Int32($0) << 16 })
        try survive(try folder.bytes(path), folder, seed: 5000 + UInt64(format.bits))
    }

    /// Streams that other decoders and other checks are for.
    @Test(arguments: ["chained Vorbis", "chained Opus", "MP3 without a count", "MP3 in WAV", "FLAC of unknown length"])
    func streams(kind: String) throws {
        let folder = try TemporaryFolder()
        let noise = Sound.noise(seed: 60, count: 3000)
        let bytes: [UInt8]
        switch kind {
        case "MP3 without a count": bytes = try mp3(noise).sound.flatMap { $0 }
        case "MP3 in WAV": bytes = WAVBytes(tag: 0x55, rate: 16000, data: try mp3(noise).bytes).bytes
        case "FLAC of unknown length":
            try AudioWriter.write(folder.path + "/whole", rate: 16000, channels: 1, format: .flac, samples: noise)
            var file = try FLACBytes(try folder.bytes(folder.path + "/whole"))
            file.total = 0
            bytes = file.bytes
        default:
            let format = kind == "chained Vorbis" ? AudioWriter.Format.ogg : .opus
            let rate = FormatTests.rate(format)
            try AudioWriter.write(folder.path + "/whole", rate: rate, channels: 1, format: format, samples: noise)
            let link = try folder.bytes(folder.path + "/whole")
            bytes = link + link
        }
        try #require(DecodedAudio.fault(try folder.put("whole", bytes)) == nil)
        for seed in 0..<5 { try survive(bytes, folder, seed: 7000 + UInt64(seed)) }
    }

    private func mp3(_ samples: [Float]) throws -> MPEGBytes {
        try MPEGBytes(rate: 16000, channels: 1, mode: 2, samples: samples)
    }

    /// The first bytes of each container with rubbish behind them.
    @Test(arguments: [
        "RIFF", "RIFX", "RF64", "FORM", "OggS", "fLaC", "riff", "ID3", "caff", ".snd", "NIST", "\u{FF}\u{FB}",
    ])
    func magicAndRubbish(magic: String) throws {
        let folder = try TemporaryFolder()
        let bytes = magic.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        var random = SplitMix64(seed: 77)
        for length in [0, 1, 4, 8, 20, 23, 100, 5000] {
            let path = try folder.put("rubbish", bytes + (0..<length).map { _ in UInt8(random.below(256)) })
            #expect(DecodedAudio.fault(path) != nil, "\(length) bytes")
        }
    }
}
