import Audio
import Foundation
import TestSupport
import Testing

/// A small file of every format, cut at every byte: each length of it fails, or gives all that the whole file gives.
@Suite struct CutTests {
    @Test(arguments: AudioWriter.Format.allCases) func everyByte(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/clip." + format.rawValue
        try AudioWriter.write(
            path, rate: FormatTests.rate(format), channels: 1, format: format,
            samples: Sound.sine(700, rate: FormatTests.rate(format), count: 1500))
        let whole = try DecodedAudio(path).samples
        let size = try folder.bytes(path).count
        for length in (0..<size).reversed() {
            try #require(truncate(path, off_t(length)) == 0)
            guard DecodedAudio.fault(path) == nil else { continue }
            #expect(try DecodedAudio(path).samples == whole, "cut to \(length) of \(size) bytes")
        }
    }

    /// Nothing in the file says how long it is: all whole frames are heard, a part of one is a failure.
    @Test(arguments: [0, 2]) func everyByteOfMPEGWithoutACount(mode: Int32) throws {
        let file = try MPEGBytes(
            rate: 16000, channels: 1, mode: mode, samples: Sound.noise(seed: 9, count: 9000))
        let bytes = file.sound.flatMap { $0 }
        var ends = [0]
        for frame in file.sound { ends.append(ends.last! + frame.count) }
        let folder = try TemporaryFolder()
        let path = try folder.put("clip.mp3", bytes)
        for length in (1..<bytes.count).reversed() {
            try #require(truncate(path, off_t(length)) == 0)
            let error = DecodedAudio.fault(path)
            if let frames = ends.firstIndex(of: length), frames > 0 {
                #expect(error == nil, "cut to \(length)")
                #expect(try DecodedAudio(path).samples.count == frames * 576, "cut to \(length)")
            } else {
                #expect(error != nil, "cut to \(length)")
            }
        }
    }
}
