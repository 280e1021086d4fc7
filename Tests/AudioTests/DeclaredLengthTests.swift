import Audio
import Foundation
import TestSupport
import Testing

/// Lengths from headers, compared with what decoding gives.
struct DeclaredLengthTests {
    private static func decoded(_ path: String) throws -> Double {
        let file = try AudioFile(path: path, truncation: .accept, nonFinite: .zero)
        let rate = Double(file.rate)
        var frames = 0
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: 4096) { buffer in
            while true {
                let count = try file.read(into: buffer)
                if count == 0 { return }
                frames += count
            }
        }
        return Double(frames) / rate
    }

    private static func declared(_ path: String) -> Double? {
        DeclaredLength.seconds(path, bytes: Array(path.utf8))
    }

    @Test(
        "A header's length is the decoded one",
        arguments: [
            (AudioWriter.Format.wav16, "wav"), (.wavFloat, "wav"), (.wav24, "wav"), (.wavU8, "wav"), (.flac, "flac"),
            (.ogg, "ogg"), (.opus, "opus"), (.mp3, "mp3"), (.aiff, "aiff"), (.rf64, "wav"),
        ])
    func formats(format: AudioWriter.Format, ending: String) throws {
        let folder = try TemporaryFolder()
        for (seconds, channels) in [(0.4, 1), (7.3, 2), (61.0, 1)] {
            let path = folder.path + "/\(seconds)-\(channels).\(ending)"
            let rate = format == .opus ? 48_000 : 32_000
            let noise = Sound.noise(seed: 7, count: Int(seconds * Double(rate)) * channels)
            try AudioWriter.write(path, rate: rate, channels: channels, format: format, samples: noise)
            let found = try #require(Self.declared(path), "\(path)")
            let expected = try Self.decoded(path)
            // An MPEG stream's header counts whole frames, delay and padding included.
            #expect(abs(found - expected) <= (format == .mp3 || format == .opus ? 0.12 : 0.0001), "\(path)")
        }
    }

    /// Containers that state no length, or only in what would have to be decoded.
    private static let silent: Set = [
        "fragments.mp4", "a.ac3", "a.eac3", "a.dts", "a.aac", "a.flv", "a.ts", "a.mpg", "a.mlp", "a.thd",
        "a.rm", "adpcm.avi",
    ]

    // FFmpeg's command makes the files.
    @Test(
        "A container's length is that of the sound that was encoded, or not known",
        .enabled(if: FFmpegCommand.isThere, FFmpegCommand.notice), arguments: MediaFile.all)
    func containers(media: MediaFile) throws {
        let folder = try TemporaryFolder()
        let path: String
        // An encoder that this FFmpeg lacks.
        do { path = try media.make(in: folder).path } catch is FFmpegCommand.Failure { return }
        let found = Self.declared(path)
        if found == nil, Self.silent.contains(media.name) { return }
        let expected = Double(MediaFile.frames) / Double(media.rate)
        #expect(abs((found ?? 0) - expected) < 0.25, "\(media.name): \(found ?? 0), expected \(expected)")
    }

    // FFmpeg's command makes the files.
    @Test(
        "A film is as long as its sound, however large its pictures are",
        .enabled(if: FFmpegCommand.isThere, FFmpegCommand.notice), arguments: ["a.mp4", "a.mov", "a.mkv", "a.avi"])
    func films(name: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/" + name
        try FFmpegCommand.run([
            "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=4", "-f", "lavfi", "-i", "sine=duration=4",
            "-c:v", "mpeg4", "-b:v", "4M", "-c:a", "aac", path,
        ])
        let found = try #require(Self.declared(path))
        #expect(abs(found - 4) < 0.25, "\(found)")
        // Cut off in its middle it is not longer than before.
        let bytes = try folder.bytes(path)
        let cut = Self.declared(try folder.put("cut-" + name, Array(bytes.prefix(bytes.count / 2))))
        #expect(cut.map { $0 > 0 && $0 < 4.25 } ?? true, "\(cut ?? 0)")
    }

    @Test("A WAV header that says too much, or nothing, does not count; what is there does")
    func lyingWAV() throws {
        let folder = try TemporaryFolder()
        var wav = WAVBytes()
        wav.data = [UInt8](repeating: 1, count: 32_000 * 3)
        for declared in [nil, 0, 0xFFFF_FFFF, 32_000 * 900] {
            wav.declared = declared
            let path = try folder.put("a.wav", wav.bytes)
            #expect(Self.declared(path) == 3, "\(String(describing: declared))")
        }
        // A smaller number is believed: something else may follow the sound.
        wav.declared = 32_000
        #expect(Self.declared(try folder.put("a.wav", wav.bytes)) == 1)
    }

    @Test("A FLAC header whose total cannot be true for the file's size does not count")
    func lyingFLAC() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.flac"
        try AudioWriter.write(
            path, rate: 16_000, channels: 1, format: .flac, samples: Sound.noise(seed: 1, count: 160_000))
        var bytes = try folder.bytes(path)
        #expect(Self.declared(path) == 10)
        // The total is in the lower half of byte 21 and the four bytes after it.
        for total in [0, 16, 0xF_FFFF_FFFF] {
            bytes[21] = bytes[21] & 0xF0 | UInt8(total >> 32)
            for place in 0..<4 { bytes[22 + place] = UInt8(truncatingIfNeeded: total >> (24 - 8 * place)) }
            #expect(Self.declared(try folder.put("b.flac", bytes)) == nil, "\(total)")
        }
    }

    @Test("Files that are no audio, are empty, are folders or are missing have no length")
    func none() throws {
        let folder = try TemporaryFolder()
        let paths = [
            try folder.put("text.wav", "no audio, only words"), try folder.put("empty.mp3", [UInt8]()),
            try folder.put("half.wav", Array("RIFF\0\0\0\0WAVEfmt ".utf8)), folder.path, folder.path + "/missing.wav",
        ]
        for path in paths { #expect(Self.declared(path) == nil, "\(path)") }
    }

    @Test("No byte of a header, changed to anything, makes it fail or gives what is not a length")
    func mutated() throws {
        let folder = try TemporaryFolder()
        for format in [AudioWriter.Format.wav16, .flac, .ogg, .mp3, .aiff] {
            let path = folder.path + "/a"
            try AudioWriter.write(
                path, rate: 16_000, channels: 1, format: format, samples: Sound.noise(seed: 3, count: 8_000))
            let bytes = try folder.bytes(path)
            for place in 0..<min(80, bytes.count) {
                for value in [0, 0x7F, 0xFF] as [UInt8] {
                    var other = bytes
                    other[place] = value
                    let found = Self.declared(try folder.put("b", other))
                    #expect(found.map { $0 > 0 && $0.isFinite } ?? true)
                }
            }
        }
    }
}
