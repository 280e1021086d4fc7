import Audio
import Errors
import Foundation
import TestSupport
import Testing

/// What FFmpeg's libraries decode, held against the sound that went in and against FFmpeg's own command.
@Suite(.enabled(if: FFmpegCommand.isThere, FFmpegCommand.notice)) struct FFmpegTests {
    @Test(arguments: MediaFile.all) func soundThatWentIn(file: MediaFile) throws {
        let folder = try TemporaryFolder()
        let (path, wanted) = try file.make(in: folder)
        let heard = try DecodedAudio(path)
        #expect(heard.rate == file.rate)
        let lag = MediaFile.lag(wanted, heard.samples)
        switch file.kind {
        case .lossless: #expect(heard.samples == wanted)
        case .aligned: #expect(heard.samples.count == wanted.count && lag == 0, "\(heard.samples.count), lag \(lag)")
        case .padded: #expect(heard.samples.count >= wanted.count && lag == 0, "\(heard.samples.count), lag \(lag)")
        case .delayed:
            let extra = heard.samples.count - wanted.count
            print("\(file.testDescription): \(extra) more samples, \(lag) later")
            #expect(abs(extra) < 4200)
        }
    }

    /// FFmpeg's command does not cut off the padding of MP4 files: up to our end, the samples are the same.
    @Test(arguments: MediaFile.all) func sameAsTheCommand(file: MediaFile) throws {
        let folder = try TemporaryFolder()
        let (path, _) = try file.make(in: folder, channels: file.arguments.contains("-ac") ? 1 : 2)
        let wav = folder.path + "/decoded.wav"
        try FFmpegCommand.run(["-flags:a", "bitexact", "-i", path, "-bitexact", "-c:a", "pcm_f32le", wav])
        let (ours, theirs) = (try DecodedAudio(path), try DecodedAudio(wav))
        #expect(ours.rate == theirs.rate && ours.channels == theirs.channels)
        #expect(ours.samples.count <= theirs.samples.count && ours.samples.count > 57_000)
        if file.kind != .aligned { #expect(ours.samples.count == theirs.samples.count) }
        let isSame = ours.samples.elementsEqual(theirs.samples.prefix(ours.samples.count))
        #expect(isSame)
    }

    @Test(arguments: ["a.m4a", "opus.webm", "a.ac3", "a.wv", "v2.wma"]) func blocksDoNotMatter(name: String) throws {
        let folder = try TemporaryFolder()
        let file = try #require(MediaFile.all.first { $0.name == name })
        let (path, _) = try file.make(in: folder, channels: 2)
        let whole = try DecodedAudio(path).samples
        for blocks in [[1, 1023, 7], [4096], [100_000]] {
            #expect(try DecodedAudio(path, blocks: blocks).samples == whole, "\(blocks)")
        }
    }

    /// Integers keep their width, so that they can be cut without loss.
    @Test(arguments: [
        ("a.wv", "-c:a wavpack -sample_fmt s32p", SampleFormat.int32), ("b.m4a", "-c:a alac -sample_fmt s32p", .int24),
        ("c.m4a", "-c:a alac -sample_fmt s16p", .int16), ("d.mkv", "-c:a pcm_f64le", .float64),
        ("e.tta", "-c:a tta -sample_fmt u8", .int8), ("f.mkv", "-c:a pcm_s24le", .int24),
    ]) func sampleFormats(name: String, arguments: String, format: SampleFormat) throws {
        let folder = try TemporaryFolder()
        let wav = folder.path + "/source.wav"
        let samples = MediaFile.sound(rate: 44_100)
        try AudioWriter.write(wav, rate: 44_100, channels: 1, format: .wav32, samples: samples)
        let file = MediaFile(name, arguments, .lossless)
        try FFmpegCommand.run(["-i", wav] + file.arguments + [folder.path + "/" + name])
        let recording = try Recording(path: folder.path + "/" + name)
        #expect(recording.sampleFormat == format)
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: samples.count + 100)
        defer { buffer.deallocate() }
        var count = 0
        while case let got = recording.read(into: UnsafeMutableBufferPointer(rebasing: buffer[count...])), got > 0 {
            count += got
        }
        #expect(count == samples.count && recording.fault == nil)
        let original = try Recording(path: wav)
        let truth = UnsafeMutableBufferPointer<Double>.allocate(capacity: samples.count)
        defer { truth.deallocate() }
        #expect(original.read(into: truth) == samples.count)
        // Half a step of the width, as FFmpeg's conversion rounds; the whole of 32 bits must be the same.
        let step = format.integerBits.map { 1 / Double(1 << ($0 - 1)) } ?? 0
        let isNear = zip(buffer, truth).allSatisfy { abs($0 - $1) <= (format == .int32 ? 0 : step) }
        #expect(isNear)
    }

    /// A film of three streams of sound: which one is read, and which there are.
    @Test func streams() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/film.mkv"
        try FFmpegCommand.run(
            ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=2"]
                + [300, 700, 1100].flatMap {
                    ["-f", "lavfi", "-i", "sine=frequency=\($0):sample_rate=16000:duration=2"]
                }
                + ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:a", "-c:v", "mpeg4", "-c:a", "flac"]
                + ["-disposition:a:0", "0", "-disposition:a:2", "default", path])
        for (stream, hertz) in [(nil, 1100), (0, 300), (1, 700), (2, 1100)] as [(Int?, Double)] {
            let file = try AudioFile(path: path, stream: stream)
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 8000)
            defer { buffer.deallocate() }
            #expect(try file.read(into: buffer) > 4000)
            let amplitude = Sound.amplitude(Array(buffer)[1000..<4000], hertz: hertz, rate: 16_000)
            #expect(amplitude > 0.1, "stream \(String(describing: stream))")
        }
        let error = #expect(throws: AudioError.self) { try AudioFile(path: path, stream: 3) }
        #expect(error?.failureClass == .unsupported)
        #expect(error?.reason == "no audio stream 3: it has 3 audio streams, numbered from 0")
        let wav = try folder.put("a.wav", WAVBytes.shorts([1, 2, 3]))
        #expect(try AudioFile(path: wav, stream: 0).rate == 16_000)
        #expect(throws: AudioError.self) { try AudioFile(path: wav, stream: 1) }
    }
}

/// FFmpeg's libraries where they are not what this was built with.
@Suite struct FFmpegLibraryTests {
    @Test func absent() {
        let absence = #expect(throws: FFmpegLibrary.Absence.self) { try FFmpegLibrary(formats: 1) }
        #expect(
            absence?.reason.hasPrefix(
                "FFmpeg's library libavformat.so.1 is not installed: apt-get install libavformat1 ") == true)
    }
}
