import Audio
import Foundation
import Results
import TestSupport
import Testing

/// The sound of stretches, as a decoder that is not ours hears it.
@Suite struct ExcerptSoundTests {
    private typealias Clip = ExcerptFixture.Clip

    private static let clips = [
        ExcerptFixture.Clip(name: "mono", seconds: 4), ExcerptFixture.Clip(name: "stereo", rate: 44_100, channels: 2),
        ExcerptFixture.Clip(name: "flac", rate: 48_000, channels: 2, format: .flac),
        ExcerptFixture.Clip(name: "wide", rate: 32_000, format: .wav24),
        ExcerptFixture.Clip(name: "float", rate: 8_000, format: .wavFloat),
        ExcerptFixture.Clip(name: "eight", rate: 22_050, format: .wavU8),
    ]
    private static let windows = [(0.0, 9.0), (0.5, 2.25), (1.00003, 1.7), (2.99, 3.0)]

    private func check(_ how: String, _ encodings: [SoundEncoding], _ windows: [(Double, Double)], word: String) throws
    {
        let fixture = try ExcerptFixture(Self.clips)
        let (reader, _, clips) = try ExcerptFixture.reader(fixture.run())
        let folder = try TemporaryFolder()
        for (clip, made) in zip(clips, fixture.clips) {
            for (from, to) in windows {
                for encoding in encodings {
                    let sound = try reader.sound(of: clip, from: from, to: to, encoding: encoding)
                    let path = try folder.put("sound.\(encoding.ending)", sound.bytes)
                    #expect(abs(sound.first - from) <= 0.5 / Double(made.rate))
                    #expect(abs(sound.first + sound.duration - min(to, made.seconds)) <= 1 / Double(made.rate))
                    #expect(sound.mediaType.hasPrefix("audio/"))
                    let read = try Readers.run(
                        "sounds.py", how, fixture.path(made), path, "\(sound.first)", "\(sound.duration)")
                    #expect(
                        read.status == 0 && read.text == word + "\n",
                        "\(made.name) \(from)-\(to) \(encoding): \(read.text)")
                }
            }
        }
    }

    @Test(.enabled(if: Readers.python != nil, Readers.notice)) func losslessSoundIsTheRecordings() throws {
        try check("exact", [.wav, .flac], Self.windows, word: "same")
    }

    @Test(.enabled(if: Readers.python != nil, Readers.notice)) func opusIsAlignedAndOfTheLength() throws {
        try check("near", [.opus], Array(Self.windows.prefix(3)), word: "aligned")
    }

    @Test func whatIsReducedIsSaid() throws {
        let made = [
            Clip(name: "plain", seconds: 1), Clip(name: "six", seconds: 1, rate: 44_100, channels: 6),
            Clip(name: "fast", seconds: 1, rate: 96_000, format: .wav24), Clip(name: "slow", seconds: 1, rate: 4_000),
        ]
        let fixture = try ExcerptFixture(made)
        let (reader, _, clips) = try ExcerptFixture.reader(fixture.run())
        let sounds = try clips.map { try reader.sound(of: $0, from: 0.25, to: 0.75, encoding: .wav) }
        #expect(sounds.map(\.reduced) == [[], [.channels], [.rate, .bits], []])
        #expect(sounds.map(\.rate) == [16_000, 44_100, 48_000, 8_000])
        #expect(sounds.map(\.channels) == [1, 1, 1, 1] && sounds.allSatisfy { $0.clipped == 0 })
        #expect(sounds.allSatisfy { abs($0.duration - 0.5) < 1e-4 && $0.first == 0.25 })
        // What was read back has the length that is told, in whole 16-bit samples behind a header.
        #expect(sounds.map { $0.bytes.count - 44 } == [16_000, 44_100, 48_000, 8_000])
        for (clip, sound) in zip(clips, sounds) {
            let opus = try reader.sound(of: clip, from: 0.25, to: 0.75, encoding: .opus)
            #expect(opus.reduced == sound.reduced.union([.bits]) && opus.channels == 1 && opus.rate == 48_000)
            #expect(opus.bytes.starts(with: Array("OggS".utf8)) && opus.bytes.count < 12_000)
            let again = try reader.sound(of: clip, from: 0.25, to: 0.75, encoding: .opus)
            #expect(again.bytes == opus.bytes, "the same sound is the same bytes")
        }
    }

    /// The same stretch gives the same bytes in the lossless encodings: a page may keep them.
    @Test func sameBytes() throws {
        let fixture = try ExcerptFixture([Clip(name: "a")])
        let (reader, _, clips) = try ExcerptFixture.reader(fixture.run())
        for encoding in [SoundEncoding.wav, .flac] {
            let two = try (0..<2).map { _ in
                try reader.sound(of: clips[0], from: 0.3, to: 1.9, encoding: encoding).bytes
            }
            #expect(two[0] == two[1])
        }
    }
}
