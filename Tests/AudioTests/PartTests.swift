import Audio
import Errors
import Random
import TestSupport
import Testing

/// Parts of recordings: exactly the samples that decoding the whole gives there, whether the codec can seek or not.
@Suite struct PartTests {
    private let folder = try? TemporaryFolder()

    private func write(
        _ format: AudioWriter.Format, channels: Int, count: Int, seed: UInt64 = 5, rate: Int? = nil
    ) throws -> String {
        let path = try #require(folder).path + "/\(seed)-\(channels)." + format.rawValue
        try AudioWriter.write(
            path, rate: rate ?? FormatTests.rate(format), channels: channels, format: format,
            samples: Sound.noise(seed: seed, count: count * channels))
        return path
    }

    /// The samples of each channel, decoded from start to end.
    private func channels(_ path: String) throws -> [[Double]] {
        let recording = try Recording(path: path)
        var found = [[Double]](repeating: [], count: recording.channels)
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: 4096 * recording.channels)
        defer { buffer.deallocate() }
        while true {
            let count = recording.read(into: buffer)
            if count == 0 { break }
            for frame in 0..<count {
                for channel in found.indices { found[channel].append(buffer[frame * found.count + channel]) }
            }
        }
        #expect(recording.fault == nil)
        return found
    }

    /// Compares random parts with the same stretches of the whole, bit for bit.
    private func compare(_ path: String, parts: Int, seed: UInt64 = 1, seeks: Bool) throws {
        let whole = try DecodedAudio(path)
        let channels = try channels(path).map { $0.map(Float.init) }
        let frames = whole.samples.count
        let scans = ScanCache()
        var random = SplitMix64(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        for turn in 0..<parts {
            // Any time in microseconds, so that most lie between two frames.
            let length = Int64(Double(frames) / Double(whole.rate) * 1e6)
            let start = turn == 0 ? 0 : Int64(below(Int(length) - 1000))
            let end: Int64? = turn % 3 == 0 ? nil : start + 1000 + Int64(below(Int(length - start)))
            let channel = turn % 2 == 0 ? nil : 1 + below(channels.count)
            guard let part = RecordingPart(start: start, end: end.map { min($0, length) }, channel: channel) else {
                continue
            }
            let first = Int((Double(part.start) * Double(whole.rate) / 1e6).rounded())
            let last = part.end.map { Int((Double($0) * Double(whole.rate) / 1e6).rounded()) } ?? frames
            let heard = try DecodedAudio(
                path, blocks: [[65_536], [1000], [8193, 1, 77]][turn % 3], part: part, scans: scans)
            let wanted = channel.map { channels[$0 - 1] } ?? whole.samples
            let expected = Array(wanted[first..<last])
            let isSame = heard.samples.map(\.bitPattern) == expected.map(\.bitPattern)
            let place = isSame ? -1 : zip(heard.samples, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? -1
            #expect(
                isSame,
                "\(part.text) of \(frames) frames at \(whole.rate) Hz: found \(heard.samples.count), expected \(expected.count), the first other one at \(place)"
            )
            #expect(heard.framesBefore == (seeks ? 0 : Int64(first)), "\(part.text)")
        }
    }

    private static let seekable: Set<AudioWriter.Format> = [
        .wav16, .wavFloat, .wav24, .wav32, .wavU8, .flac, .aiff, .w64, .rf64,
    ]

    @Test(arguments: AudioWriter.Format.allCases, [1, 2, 3]) func partsAreSlices(
        format: AudioWriter.Format, channels: Int
    ) throws {
        guard format != .mp3 || channels < 3 else { return }
        let path = try write(format, channels: channels, count: 90_001)
        try compare(path, parts: 15, seeks: Self.seekable.contains(format))
    }

    /// MPEG of constant and variable bit rate, at the lowest bit rates too, where a frame's data begins many frames before.
    @Test(arguments: [
        (44_100, 2, Int32(0), 0.5), (44_100, 1, 2, 0.9), (48_000, 2, 2, 0.1), (48_000, 1, 0, 1), (32_000, 1, 0, 1),
        (32_000, 2, 2, 1), (22_050, 1, 0, 0.5), (8000, 2, 2, 1),
    ])
    func mpegSeeksToTheBit(rate: Int, channels: Int, mode: Int32, level: Double) throws {
        let file = try MPEGBytes(
            rate: rate, channels: channels, mode: mode, level: level,
            samples: zip(
                Sound.noise(seed: 3, count: rate * 6 * channels),
                Sound.sine(440, rate: rate * channels, count: rate * 6 * channels)
            )
            .enumerated().map { $0 / (rate * channels) % 3 == 0 ? $1.0 * 0.1 : $1.1 })
        let path = try #require(folder).put("\(rate)-\(channels)-\(mode).mp3", file.bytes)
        // MPEG-2 cannot be entered to the bit.
        let seeks = rate >= 32_000
        try compare(path, parts: 25, seeks: seeks)
        // Without the encoder's Info frame.
        let plain = try #require(folder).put("\(rate)-\(channels)-\(mode)-plain.mp3", file.sound.flatMap { $0 })
        try compare(plain, parts: 10, seed: 2, seeks: seeks)
    }

    @Test func aChainIsDecodedFromTheStart() throws {
        let links = try (1...3).map { seed in
            try #require(folder).bytes(write(.ogg, channels: 1, count: 30_011, seed: UInt64(seed)))
        }
        try compare(try #require(folder).put("chain.ogg", links.flatMap { $0 }), parts: 12, seeks: false)
    }

    @Test func textIsReadAsItIsWritten() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<1000 {
            let start = Int64(random.next() % 1_000_000_000_000) / (random.next() % 2 == 0 ? 1 : 1_000_000) % 7_000_000
            let end = random.next() % 3 == 0 ? nil : start + 1 + Int64(random.next() % 9_000_000)
            let channel = random.next() % 2 == 0 ? nil : 1 + Int(random.next() % 8)
            guard let part = RecordingPart(start: start, end: end, channel: channel) else { continue }
            #expect(RecordingPart(part.text) == part)
            // A frame is the one that exact arithmetic gives.
            for rate in [8000, 44_100, 96_000] {
                let exact = (Double(start) * Double(rate) / 1e6 + 1e-9).rounded()
                #expect(part.firstFrame(rate: rate) == Int64(exact))
            }
        }
        for text in [
            "", "start=0", "start=1.50", "start=1 ", " start=1", "end=1 start=0.5", "start=2 end=1", "channel=0",
            "channel=01",
            "start=1 start=1", "start=-1", "begin=1", "start=1,5", "start", "start=1.0000001", "channel=2 end=3",
            "end=1e3",
        ] {
            #expect(RecordingPart(text) == nil, "\(text)")
        }
        #expect(RecordingPart() == nil && RecordingPart(start: 3, end: 3) == nil && RecordingPart(channel: 1025) == nil)
    }

    private func reason(_ path: String, _ part: String, truncation: Truncation = .fail) throws -> String {
        let wanted: RecordingPart = try #require(RecordingPart(part))
        let error = DecodedAudio.fault(path, truncation: truncation, part: wanted)
        return error.map { "\($0.failureClass): \($0.reason)" } ?? ""
    }

    @Test(arguments: [AudioWriter.Format.wav16, .flac, .ogg, .mp3]) func partsThatAreNotThere(
        format: AudioWriter.Format
    ) throws {
        let path = try write(format, channels: 2, count: 22_050)
        #expect(
            try reason(path, "start=1 end=2") == "invalid: found 1.0 s, expected more than 1 s, where the part begins")
        #expect(
            try reason(path, "start=99 channel=1")
                == "invalid: found 1.0 s, expected more than 99 s, where the part begins")
        #expect(
            try reason(path, "channel=3")
                == "invalid: found 2 channels, expected at least 3, of which the last is the clip")
        #expect(
            try reason(path, "start=0.5 end=1.5")
                == "truncated: ends at frame 22050 (1.0 s), the part goes on to frame 33075 (1.5 s)")
        #expect(try reason(path, "start=0.5 end=1.5", truncation: .accept) == "")
        let kept = try AudioFile(path: path, truncation: .accept, part: RecordingPart("start=0.5 end=1.5"))
        #expect(kept.declaredFrames == 11_025)
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 40_000)
        defer { buffer.deallocate() }
        var count = 0
        while true {
            let got = try kept.read(into: buffer)
            if got == 0 { break }
            count += got
        }
        #expect(count == 11_025 && kept.accepted?.contains("the part goes on to") == true)
        #expect(try reason(path, "start=0.5 end=0.500001").contains("holds no sample at 22050 Hz"))
        #expect(try reason(path, "start=0.5 end=1") == "")
    }

    /// A FLAC file that is cut: parts before the cut are whole, the others are not.
    @Test func damageBehindAPartIsNotThePartsOwn() throws {
        let path = try write(.flac, channels: 1, count: 200_000)
        let whole = try DecodedAudio(path).samples
        let bytes = try #require(folder).bytes(path)
        let cut = try #require(folder).put("cut.flac", Array(bytes.dropLast(bytes.count / 2)))
        let part = try #require(RecordingPart("start=1 end=2.5"))
        #expect(try DecodedAudio(cut, part: part).samples == Array(whole[22_050..<55_125]))
        #expect(try reason(cut, "start=1 end=8").hasPrefix("truncated: "))
        #expect(try reason(cut, "start=8 end=9").hasPrefix("truncated: "))
        #expect(try reason(cut, "start=8 end=9", truncation: .accept).hasPrefix("invalid: found "))
    }

    /// Decoding and dropping in steps comes to the same as all at once.
    @Test func whatComesBeforeIsDroppedInSteps() throws {
        let path = try write(.ogg, channels: 2, count: 100_000)
        let part = try #require(RecordingPart("start=3 end=4 channel=2"))
        let file = try AudioFile(path: path, part: part)
        #expect(file.framesBefore == 66_150)
        var steps = 0
        while try file.approach(most: 10_000) { steps += 1 }
        #expect(steps == 6 && file.framesBefore == 0)
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 30_000)
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer)
        #expect(try Array(buffer[..<count]) == DecodedAudio(path, part: part).samples && count == 22_050)
    }

    @Test func scansAreMadeAnewForAChangedFile() throws {
        let scans = ScanCache()
        let path = try write(.flac, channels: 1, count: 60_000)
        let part = try #require(RecordingPart("start=1 end=2"))
        let before = try DecodedAudio(path, part: part, scans: scans).samples
        try AudioWriter.write(
            path, rate: 22_050, channels: 1, format: .flac, samples: Sound.noise(seed: 77, count: 50_000))
        let after = try DecodedAudio(path, part: part, scans: scans).samples
        let fresh = try DecodedAudio(path, part: part).samples
        #expect(after != before && after == fresh)
        #expect(try AudioFile(path: path, part: RecordingPart("start=1"), scans: scans).declaredFrames == 27_950)
    }

    @Test(arguments: AudioWriter.Format.allCases) func channelsAreCounted(format: AudioWriter.Format) throws {
        for channels in 1...2 {
            let path = try write(format, channels: channels, count: 30_000)
            #expect(AudioFile.channels(path: path) == channels)
        }
        #expect(AudioFile.channels(path: "/nothing/there") == nil)
    }
}
