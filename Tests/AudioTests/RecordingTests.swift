import Audio
import Foundation
import TestSupport
import Testing

/// Recordings as they are, and cuts of them: no sample is another than the file's.
@Suite struct RecordingTests {
    /// Every sample of a file from a frame on, interleaved, read in blocks of some length.
    private func read(_ path: String, from frame: Int64 = 0, block: Int = 5000) throws -> [Double] {
        let recording = try Recording(path: path)
        recording.skip(to: frame)
        #expect(recording.position == frame)
        var samples: [Double] = []
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: block * recording.channels)
        defer { buffer.deallocate() }
        while true {
            let count = recording.read(into: buffer)
            if count == 0 { break }
            samples += buffer[..<(count * recording.channels)]
        }
        #expect(recording.fault == nil, "\(recording.fault ?? "")")
        return samples
    }

    /// Integers of so many bits, drawn by a linear congruence, the extremes among them; `count` frames.
    private func integers(bits: Int, count: Int) -> [Int64] {
        let half = Int64(1) << (bits - 1)
        var state: UInt64 = 77
        return (0..<count).map { place in
            if place % 97 == 0 { return place % 2 == 0 ? -half : half - 1 }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 11) % half
        }
    }

    @Test(arguments: [8, 16, 24, 32], [1, 2, 5]) func integersOfAWAV(bits: Int, channels: Int) throws {
        let folder = try TemporaryFolder()
        let values = integers(bits: bits, count: 4001 * channels)
        var wav = WAVBytes()
        (wav.bits, wav.channels, wav.rate) = (bits, channels, 44_100)
        // Eight bits are stored from 0 on.
        wav.data = values.flatMap { WAVBytes.little(Int($0) + (bits == 8 ? 128 : 0), bits / 8) }
        let path = try folder.put("a.wav", wav.bytes)
        let scale = Double(Int64(1) << (bits - 1))
        #expect(try read(path) == values.map { Double($0) / scale })
        #expect(try Recording(path: path).sampleFormat.integerBits == bits)
        #expect(try Recording(path: path).channels == channels)
    }

    @Test(arguments: IntegerFile.Format.allCases) func integersOfOtherFormats(format: IntegerFile.Format) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a"
        let values = integers(bits: format.bits, count: 6000)
        try IntegerFile.write(path, format, channels: 2, values.map { Int32($0) << Int32(32 - format.bits) })
        let scale = Double(Int64(1) << (format.bits - 1))
        #expect(try read(path) == values.map { Double($0) / scale })
        #expect(try Recording(path: path).sampleFormat.integerBits == format.bits)
    }

    @Test func floats() throws {
        let folder = try TemporaryFolder()
        let values: [Double] = (0..<3000).map { sin(Double($0) * 0.37) * pow(2, Double($0 % 41) - 30) }
        for bits in [32, 64] {
            var wav = WAVBytes()
            (wav.tag, wav.bits, wav.channels) = (WAVBytes.float, bits, 3)
            wav.data = values.flatMap { value in
                bits == 32
                    ? WAVBytes.little(Int(Float(value).bitPattern), 4)
                    : WAVBytes.little(Int(bitPattern: UInt(value.bitPattern)), 8)
            }
            let path = try folder.put("\(bits).wav", wav.bytes)
            #expect(try read(path) == (bits == 32 ? values.map { Double(Float($0)) } : values))
        }
    }

    /// From any frame on, whether the coding lets the decoder jump or not, and in blocks of any size.
    @Test(arguments: AudioWriter.Format.allCases, [1, 2]) func skipping(format: AudioWriter.Format, channels: Int)
        throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/clip." + format.rawValue
        let count = 200_000
        try AudioWriter.write(
            path, rate: FormatTests.rate(format), channels: channels, format: format,
            samples: Sound.noise(seed: 7, count: count * channels))
        let whole = try read(path)
        #expect(whole.count == count * channels)
        for (frame, block) in [(1, 1000), (5000, 77), (65_537, 4096), (131_072, 5000), (199_999, 8192), (200_000, 10)] {
            #expect(try read(path, from: Int64(frame), block: block) == Array(whole[(frame * channels)...]), "\(frame)")
        }
        let recording = try Recording(path: path)
        recording.skip(to: 1_000_000)
        #expect(recording.position <= Int64(count))
    }

    /// A stream that goes from two channels to one: both sides have the one then.
    @Test func channelsThatChange() throws {
        let folder = try TemporaryFolder()
        var bytes: [UInt8] = []
        for channels in [2, 1] {
            let path = folder.path + "/\(channels).mp3"
            try AudioWriter.write(
                path, rate: 22_050, channels: channels, format: .mp3,
                samples: Sound.noise(seed: UInt64(channels), count: 22_050 * channels))
            bytes += try folder.bytes(path)
        }
        let path = try folder.put("joined.mp3", bytes)
        let recording = try Recording(path: path)
        #expect(recording.channels == 2)
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * 100_000)
        defer { buffer.deallocate() }
        var frames: [(Double, Double)] = []
        while true {
            let count = recording.read(into: buffer)
            if count == 0 { break }
            for frame in 0..<count { frames.append((buffer[2 * frame], buffer[2 * frame + 1])) }
        }
        let mono = try DecodedAudio(path, truncation: .accept).samples
        #expect(frames.count == mono.count && frames.count > 40_000)
        // The mean over the channels is what the pipeline hears, whatever their number.
        #expect(zip(frames, mono).allSatisfy { abs(($0.0 + $0.1) / 2 - Double($1)) < 1e-6 })
        #expect(frames.suffix(10_000).allSatisfy { $0.0 == $0.1 })
        #expect(!frames.prefix(10_000).allSatisfy { $0.0 == $0.1 })
    }

    // MARK: Cuts

    private func cut(
        _ path: String, _ container: CutFile.Container, rate: Int = 44_100, channels: Int, own: SampleFormat,
        _ samples: [Double], block: Int = 999
    ) throws -> CutFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let file = try CutFile(
            descriptor: descriptor, container: container, rate: rate, channels: channels,
            frames: Int64(samples.count / channels), own: own)
        try samples.withUnsafeBufferPointer { samples in
            var done = 0
            while done < samples.count {
                let end = min(done + block * channels, samples.count)
                try file.write(UnsafeBufferPointer(rebasing: samples[done..<end]))
                done = end
            }
        }
        try file.finish()
        return file
    }

    @Test(arguments: SampleFormat.allCases, CutFile.Container.allCases) func everySampleIsKept(
        own: SampleFormat, container: CutFile.Container
    ) throws {
        let folder = try TemporaryFolder()
        for (channels, rate) in [(1, 8000), (2, 44_100), (6, 192_000)] {
            let values: [Double]
            if let bits = own.integerBits {
                values = integers(bits: bits, count: 9000 * channels).map {
                    Double($0) / Double(Int64(1) << (bits - 1))
                }
            } else {
                let wide: [Double] = (0..<9000 * channels).map { sin(Double($0) * 0.37) * pow(2, Double($0 % 41) - 30) }
                values = own == .float32 ? wide.map { Double(Float($0)) } : wide
            }
            let path = folder.path + "/cut"
            let file = try cut(path, container, rate: rate, channels: channels, own: own, values)
            let kept = container.format(for: own) == own
            #expect(
                file.clipped
                    == (kept
                        ? 0 : Int64(values.filter { abs($0) > 1 && ($0 * 0x80_0000).rounded() != -0x80_0000 }.count)))
            #expect(file.format == container.format(for: own))
            let found = try read(path)
            if kept {
                #expect(found == values)
            } else {
                // FLAC has 24 bits at most: rounded to the nearest.
                let step = 1 / Double(1 << 23)
                #expect(
                    found.count == values.count
                        && zip(found, values).allSatisfy { abs($0 - min(max($1, -1), 1 - step)) <= step / 2 })
            }
            let recording = try Recording(path: path)
            #expect(recording.rate == rate && recording.channels == channels)
            // The same samples give the same bytes, in blocks of any size.
            let again = folder.path + "/again"
            _ = try cut(again, container, rate: rate, channels: channels, own: own, values, block: 4097)
            #expect(try folder.bytes(path) == folder.bytes(again))
        }
    }

    @Test func beyondFullScaleIsCounted() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/loud.flac"
        let file = try cut(path, .flac, channels: 1, own: .float32, [0, 1, -1, 1.5, -1.5, .nan, .infinity])
        #expect(file.clipped == 3)
        let top = 1 - 1 / Double(1 << 23)
        #expect(try read(path) == [0, top, -1, top, -1, 0, top])
    }

    @Test func refusals() throws {
        let folder = try TemporaryFolder()
        // FLAC has eight channels at most.
        #expect(throws: CutFile.Failure.self) {
            try cut(folder.path + "/many", .flac, channels: 9, own: .int16, [Double](repeating: 0, count: 900))
        }
        for container in CutFile.Container.allCases {
            let full = #expect(throws: CutFile.Failure.self) {
                try cut(
                    "/dev/full", container, channels: 2, own: .int24,
                    integers(bits: 24, count: 400_000).map { Double($0) / 0x80_0000 })
            }
            if case .system(let code) = full {
                #expect(code == ENOSPC || code == ESPIPE)
            } else {
                Issue.record("\(container)")
            }
        }
        #expect(throws: AudioError.self) { try Recording(path: folder.path + "/none.wav") }
    }
}
