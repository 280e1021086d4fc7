import Errors
import Audio
import Foundation
import TestSupport
import Testing

/// Files that are no audio, or say what is not so: an error of the right class.
@Suite struct HostileFileTests {
    private func fault(_ bytes: [UInt8], _ name: String = "clip.wav", nonFinite: NonFinite = .fail) throws
        -> AudioError?
    {
        let folder = try TemporaryFolder()
        return DecodedAudio.fault(try folder.put(name, bytes), nonFinite: nonFinite)
    }

    @Test func noSuchFile() throws {
        let folder = try TemporaryFolder()
        let error = DecodedAudio.fault(folder.path + "/missing.wav")
        #expect(error?.failureClass == .unreadable)
        #expect(error?.reason == "no such file")
        #expect(error?.description == "\(folder.path)/missing.wav: no such file")
    }

    @Test func folderAndPipe() throws {
        let folder = try TemporaryFolder()
        #expect(DecodedAudio.fault(folder.path)?.failureClass == .unreadable)
        let pipe = folder.path + "/pipe.wav"
        try #require(mkfifo(pipe, 0o600) == 0)
        // Opening a pipe that nobody writes would wait for ever.
        #expect(DecodedAudio.fault(pipe)?.failureClass == .unreadable)
        #expect(DecodedAudio.fault("/dev/zero")?.failureClass == .unreadable)
    }

    @Test func emptyFile() throws {
        for name in ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.txt"] {
            #expect(try fault([], name)?.failureClass == .empty)
        }
    }

    @Test(arguments: AudioWriter.Format.allCases) func zeroSamples(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none." + format.rawValue
        try AudioWriter.write(path, rate: FormatTests.rate(format), channels: 1, format: format, samples: [])
        let error = try #require(DecodedAudio.fault(path))
        // Some codecs write no stream at all for no samples.
        let isStream = [.flac, .ogg, .opus, .mp3].contains(format)
        let classes: [FailureClass] = isStream ? [.empty, .unsupported, .truncated] : [.empty]
        #expect(classes.contains(error.failureClass), "\(error)")
    }

    @Test func noAudio() throws {
        let text = Array("Dear diary, today it rained and the birds were quiet.\n".utf8)
        for name in ["a.txt", "a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"] {
            #expect(try fault(text, name)?.failureClass == .unsupported, "\(name)")
        }
        #expect(try fault([0]) != nil)
        #expect(try fault([UInt8](repeating: 0, count: 5000))?.failureClass == .unsupported)
    }

    @Test(arguments: [1_000_000, 0x7000_0000, 0xFFFF_FFF0]) func absurdLength(declared: Int) throws {
        var file = WAVBytes(data: WAVBytes.little(0x1234, 2))
        file.declared = declared
        let error = try fault(file.bytes)
        #expect(error?.failureClass == .truncated)
        #expect(error?.reason.contains("the file ends at byte 46") == true)
    }

    @Test func absurdRateAndChannels() throws {
        let data = [UInt8](repeating: 1, count: 4096)
        for rate in [0, 1, 99, 10_000_001, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            let error = try #require(try fault(WAVBytes(rate: rate, data: data).bytes), "\(rate) Hz")
            #expect([.invalid, .unsupported].contains(error.failureClass), "\(rate) Hz: \(error)")
        }
        for channels in [0, 1025, 0xFFFF] {
            let error = try #require(try fault(WAVBytes(channels: channels, data: data).bytes), "\(channels) channels")
            #expect([.invalid, .unsupported, .empty].contains(error.failureClass), "\(channels) channels: \(error)")
        }
        #expect(try fault(WAVBytes(rate: 100, data: data).bytes) == nil)
    }

    /// The check takes eight samples at a time: the last three are a rest.
    @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 7, 8, 9000, 19_999, 20_002]) func oneOddSample(
        odd: Float, place: Int
    ) throws {
        var samples = Sound.noise(seed: 8, count: 20_003)
        samples[place] = odd
        let folder = try TemporaryFolder()
        let path = try folder.put("odd.wav", WAVBytes.floats(samples))
        let error = DecodedAudio.fault(path)
        #expect(error?.failureClass == .invalid)
        #expect(error?.offset == Int64(place))
        #expect(error?.reason == "found \(odd) at frame \(place), expected finite samples")
        samples[place] = 0
        #expect(try DecodedAudio(path, blocks: [4096], nonFinite: .zero).samples == samples)
    }

    /// The offset counts from the clip's start, not the block's; one channel's oddity spoils the mean.
    @Test func oddInALaterBlock() throws {
        var samples = Sound.noise(seed: 9, count: 40_000)
        samples[30_001] = .nan
        let folder = try TemporaryFolder()
        let path = try folder.put("odd.wav", WAVBytes.floats(samples, channels: 2))
        let error = #expect(throws: AudioError.self) { try DecodedAudio(path, blocks: [1000]) }
        #expect(error?.offset == 15_000)
    }

    @Test(arguments: [NonFinite.fail, .zero]) func nothingButNaN(nonFinite: NonFinite) throws {
        let file = WAVBytes.floats([Float](repeating: .nan, count: 1000))
        #expect(try fault(file, nonFinite: nonFinite)?.failureClass == .invalid)
    }

    /// Large samples are finite: their check must not overflow.
    @Test func hugeButFinite() throws {
        let samples = [Float](repeating: .greatestFiniteMagnitude, count: 100)
        let folder = try TemporaryFolder()
        #expect(try DecodedAudio(try folder.put("huge.wav", WAVBytes.floats(samples))).samples == samples)
    }
}
