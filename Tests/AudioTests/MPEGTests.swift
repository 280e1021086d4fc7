import Errors
import Audio
import Foundation
import Random
import TestSupport
import Testing

/// MPEG audio is heard from its first frame to its last, whatever a header promises and whatever stands around it.
@Suite struct MPEGTests {
    static let rate = 44_100
    /// Sample frames in an MPEG frame.
    static let frame = 1152

    /// Loud and quiet seconds in turn: a variable bit rate varies.
    private static func wave(_ seconds: Int, rate: Int = rate, channels: Int = 1) -> [Float] {
        (0..<seconds * rate).flatMap { place in
            let loud: Float = place / (rate / 2) % 2 == 0 ? 1 : 0.01
            return [Float](
                repeating: loud * Float(sin(Double(place * place % 100_003) * 0.01) * 0.4), count: channels)
        }
    }

    private func hear(_ bytes: [UInt8], _ name: String = "clip.mp3", blocks: [Int] = [65_536]) throws -> [Float] {
        let folder = try TemporaryFolder()
        return try DecodedAudio(try folder.put(name, bytes), blocks: blocks).samples
    }

    private func fault(_ bytes: [UInt8], _ name: String = "clip.mp3") throws -> AudioError? {
        let folder = try TemporaryFolder()
        return DecodedAudio.fault(try folder.put(name, bytes))
    }

    private func accepted(_ bytes: [UInt8]) throws -> Int {
        let folder = try TemporaryFolder()
        return try DecodedAudio(try folder.put("clip.mp3", bytes), truncation: .accept).samples.count
    }

    /// Each rate takes MPEG-1, MPEG-2 or MPEG-2.5.
    @Test(arguments: [44_100, 48_000, 32_000, 24_000, 22_050, 11_025, 8000], [1, 2]) func variableWithoutXing(
        rate: Int, channels: Int
    ) throws {
        let file = try MPEGBytes(
            rate: rate, channels: channels, mode: 2, samples: Self.wave(10, rate: rate, channels: channels))
        #expect(Set(file.sound.map(\.count)).count > 2, "the bit rate does not vary")
        let whole = try hear(file.bytes)
        #expect(whole.count == 10 * rate)
        let bare = try hear(file.sound.flatMap { $0 })
        #expect(bare.count == file.sound.count * (rate >= 32_000 ? 1152 : 576))
        // What the Info frame takes off: the encoder's delay and the decoder's.
        let delay = try #require((0..<3000).first { bare.dropFirst($0).starts(with: whole.prefix(5000)) })
        #expect(bare.dropFirst(delay).prefix(whole.count).elementsEqual(whole))
    }

    @Test func constantRatesJoined() throws {
        let parts = try [0.0, 0.5, 0.9].map {
            try MPEGBytes(rate: Self.rate, channels: 2, mode: 0, level: $0, samples: Self.wave(3, channels: 2)).sound
        }
        #expect(Set(parts.map { $0[5].count }).count == 3)
        let bytes = parts.flatMap { $0 }.flatMap { $0 }
        #expect(try hear(bytes).count == parts.reduce(0) { $0 + $1.count } * Self.frame)
    }

    @Test func blocksDoNotMatter() throws {
        let bytes = try MPEGBytes(rate: Self.rate, channels: 2, mode: 2, samples: Self.wave(1, channels: 2)).sound
            .flatMap { $0 }
        let whole = try hear(bytes, blocks: [1_000_000])
        for blocks in [[1], [577], [1152], [1153, 1, 5000], [8192]] {
            #expect(try hear(bytes, blocks: blocks) == whole)
        }
    }

    /// What stands before, behind or between is no sound and no fault.
    @Test(arguments: [true, false]) func tagsAndPadding(hasInfo: Bool) throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 1, samples: Self.wave(2))
        let bytes = hasInfo ? file.bytes : file.sound.flatMap { $0 }
        let whole = try hear(bytes)
        var random = SplitMix64(seed: 3)
        let rubbish = (0..<3000).map { _ in UInt8(random.below(255)) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        let tails: [(String, [UInt8])] = [
            ("ID3v1", MPEGBytes.id3v1), ("APE", MPEGBytes.ape()), ("Lyrics3", MPEGBytes.lyrics() + MPEGBytes.id3v1),
            ("all", MPEGBytes.ape() + MPEGBytes.lyrics() + MPEGBytes.id3v1), ("zeros", zeros),
            ("zeros and a tag", zeros + MPEGBytes.id3v1), ("ID3v2", MPEGBytes.id3v2()), ("a few bytes", [1, 2, 3]),
        ]
        for (name, tail) in tails { #expect(try hear(bytes + tail) == whole, "\(name) behind") }
        for (name, head) in [
            ("ID3v2", MPEGBytes.id3v2()), ("two ID3v2", MPEGBytes.id3v2() + MPEGBytes.id3v2(20)), ("zeros", zeros),
            ("rubbish", rubbish), ("ID3v2 and zeros", MPEGBytes.id3v2() + zeros),
        ] {
            #expect(try hear(head + bytes) == whole, "\(name) before")
            #expect(try hear(head + bytes + MPEGBytes.ape(), "clip.wav") == whole, "\(name) before, another name")
        }
        if !hasInfo {
            let tag = MPEGBytes.id3v1 + MPEGBytes.id3v2()
            #expect(try hear(bytes + tag + bytes).count == 2 * whole.count)
        }
    }

    /// Two whole files joined: both are heard, the first's count is no limit.
    @Test func joinedFiles() throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 1, samples: Self.wave(2))
        let count = try hear(file.bytes + MPEGBytes.id3v2() + file.bytes).count
        #expect(count >= 4 * Self.rate && count <= 2 * file.sound.count * Self.frame)
    }

    @Test func fromOneChannelToTwo() throws {
        let one = try MPEGBytes(rate: Self.rate, channels: 1, samples: Self.wave(1)).sound
        let two = try MPEGBytes(rate: Self.rate, channels: 2, samples: Self.wave(1, channels: 2)).sound
        for (first, second) in [(one, two), (two, one)] {
            let whole = try hear((first + second).flatMap { $0 })
            #expect(whole.count == (first.count + second.count) * Self.frame)
            #expect(try hear((first + second).flatMap { $0 }, blocks: [100]) == whole)
            let parts = try [first, second].map { try hear($0.flatMap { $0 }) }
            #expect(Array(whole.prefix(parts[0].count)) == parts[0])
            // A frame may need bits of those before it.
            let rest = zip(whole.suffix(parts[1].count), parts[1]).dropFirst(4 * Self.frame)
            #expect(rest.allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func anotherRate() throws {
        let first = try MPEGBytes(rate: 44_100, channels: 1, samples: Self.wave(1)).sound
        let second = try MPEGBytes(rate: 48_000, channels: 1, samples: Self.wave(1, rate: 48_000)).sound
        let bytes = (first + second).flatMap { $0 }
        let error = try #require(try fault(bytes))
        #expect(error.failureClass == .truncated && error.offset == Int64(first.count * Self.frame))
        #expect(error.reason.contains("44100 Hz") && error.reason.contains("48000 Hz"), "\(error)")
        #expect(try accepted(bytes) == first.count * Self.frame)
    }

    /// What is lost in the middle or at the end is a failure that says how much is whole, with or without an Info frame.
    @Test(arguments: [true, false]) func damage(hasInfo: Bool) throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 1, samples: Self.wave(3))
        let frames = hasInfo ? file.frames : file.sound
        let before = 50
        let head = frames[..<before].flatMap { $0 }
        let tail = frames[(before + 4)...].flatMap { $0 }
        let middle = Array(frames[before..<(before + 4)].flatMap { $0 })
        let whole = (before - (hasInfo ? 1 : 0)) * Self.frame
        for (name, bytes) in [
            ("bytes put in", head + [UInt8](repeating: 0x55, count: 600) + middle + tail),
            ("bytes taken out", head + middle.dropFirst(600) + tail),
            ("zeros in place", head + [UInt8](repeating: 0, count: middle.count) + tail),
            ("noise in place", head + [UInt8](repeating: 0xAA, count: middle.count) + tail),
        ] {
            let error = try fault(bytes)
            #expect(error?.failureClass == .truncated, "\(name)")
            let place = try #require(error?.offset)
            #expect(abs(Int(place) - whole) <= 2 * Self.frame, "\(name): \(place), \(whole)")
            #expect(error?.reason.contains("whole up to frame \(place)") == true, "\(name): \(error!)")
            #expect(try accepted(bytes) > 2 * Self.rate, "\(name)")
        }
        let all = frames.flatMap { $0 }
        for (name, bytes) in [
            ("a cut frame", Array(all.dropLast(10))), ("a cut frame and a tag", all.dropLast(10) + MPEGBytes.id3v1),
            ("a megabyte of zeros", all + [UInt8](repeating: 0, count: 1 << 20)),
            ("rubbish", all + [UInt8](repeating: 0x55, count: 5000)),
        ] {
            let error = try fault(bytes)
            #expect(error?.failureClass == .truncated && error?.offset != nil, "\(name)")
        }
    }

    /// A cut where frames meet leaves no trace but the Info frame's count.
    @Test func fewerFramesThanPromised() throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 1, samples: Self.wave(2))
        for lost in [1, 2, 30] {
            let error = try fault(file.frames.dropLast(lost).flatMap { $0 })
            #expect(error?.failureClass == .truncated, "\(lost) frames lost")
            #expect(error?.reason.contains("promises \(file.sound.count) MPEG frames") == true)
        }
    }

    /// Layer III in a RIFF file.
    @Test func inWAV() throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 2, mode: 2, samples: Self.wave(2, channels: 2))
        var wav = WAVBytes(tag: 0x55, bits: 0, channels: 2, rate: Self.rate, data: file.bytes)
        #expect(try hear(wav.bytes, "clip.wav") == hear(file.bytes))
        wav.data = file.sound.flatMap { $0 }
        #expect(try hear(wav.bytes, "clip.wav").count == file.sound.count * Self.frame)
        wav.declared = wav.data.count
        wav.data.removeLast(100)
        #expect(try fault(wav.bytes, "clip.wav")?.failureClass == .truncated)
    }

    /// Nothing but tags is no audio; the file is there, and nobody says it is not.
    @Test func tagsAlone() throws {
        for bytes in [MPEGBytes.id3v2(), MPEGBytes.id3v2() + MPEGBytes.id3v1, MPEGBytes.id3v2() + MPEGBytes.ape()] {
            let error = try fault(bytes)
            #expect(error?.failureClass == .empty && error?.reason == "it has tags, but no samples")
        }
        for bytes in [[UInt8](repeating: 0x55, count: 256), [0xC2, 0x03, 0x8B], [UInt8](repeating: 0, count: 816)] {
            let error = try fault(bytes)
            #expect(error?.failureClass == .unsupported && error?.reason.contains("does not exist") == false)
        }
    }

    /// libmpg123 has words of its own for these, on standard error, where it is not told to keep quiet.
    @Test func nothingOnStandardError() throws {
        let file = try MPEGBytes(rate: Self.rate, channels: 1, mode: 2, samples: Self.wave(2))
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 5)
        var paths = [
            try folder.put("cut.mp3", Array(file.bytes.prefix(file.bytes.count / 2))),
            try folder.put("one.mp3", file.frames[1]),
            try folder.put("tag.mp3", Array("ID3".utf8) + [3, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F] + file.bytes),
        ]
        for turn in 0..<40 {
            var bytes = turn % 2 == 0 ? file.bytes : file.sound.flatMap { $0 }
            for _ in 0..<20 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            paths.append(try folder.put("\(turn).mp3", bytes))
        }
        let log = folder.path + "/stderr"
        let kept = dup(2)
        let file2 = open(log, O_CREAT | O_RDWR, 0o600)
        try #require(kept >= 0 && file2 >= 0)
        dup2(file2, 2)
        for path in paths { _ = DecodedAudio.fault(path, truncation: .accept) }
        dup2(kept, 2)
        close(kept)
        close(file2)
        let said = try folder.bytes(log)
        // Other tests may have spoken meanwhile: they get their say.
        FileHandle.standardError.write(Data(said))
        // The runner's own lines begin with a symbol, and name tests.
        let text = String(decoding: said, as: UTF8.self).split(separator: "\n")
            .filter { !["◇", "✔", "✘", "↳"].contains($0.prefix(1)) }.joined(separator: "\n")
        #expect(!["mpg123", "Xing", "Warning:", "error: "].contains { text.contains($0) }, "\(text)")
    }
}
