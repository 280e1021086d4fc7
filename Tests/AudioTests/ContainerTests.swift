import Errors
import TestSupport
import Testing

/// Lengths in a container that mean "not known", and containers of other shapes.
@Suite struct ContainerTests {
    private let samples = Sound.shorts(seed: 51, count: 3000)

    private func hear(_ bytes: [UInt8], _ name: String = "clip.wav") throws -> [Float] {
        let folder = try TemporaryFolder()
        return try DecodedAudio(try folder.put(name, bytes)).samples
    }

    private var expected: [Float] { samples.map { Float($0) / 32768 } }
    private var data: [UInt8] { samples.flatMap { WAVBytes.little(Int($0), 2) } }

    /// What SoX, arecord, FFmpeg and others leave in the header of what they write into a pipe.
    @Test(arguments: [0xFFFF_FFFF, 0, 0x7FFF_F000, 0x7FFF_FF00, 0x7FFF_FFFF, 0x8000_0000, 0x7FFF_EFFE]) func pipe(
        length: Int
    ) throws {
        for channels in [1, 3] {
            var file = WAVBytes(channels: channels, data: data)
            file.declared = length
            for riff in [36 + length, length, 0xFFFF_FFFF, 0] {
                // Rounded down to whole frames by some: a length of others is a lie.
                if length == 0x7FFF_EFFE && channels == 1 { continue }
                var bytes = file.bytes
                bytes.replaceSubrange(4..<8, with: WAVBytes.little(riff, 4))
                let heard = try hear(bytes)
                #expect(heard.count == 3000 / channels, "\(length), RIFF \(riff), \(channels) channels")
                if channels == 1 { #expect(heard == expected) }
            }
        }
    }

    /// Formats whose header alone tells how much there is: libsndfile takes what the file has without a word.
    private func headed() -> [(name: String, bytes: [UInt8])] {
        func big(_ value: Int, _ count: Int) -> [UInt8] { WAVBytes.little(value, count).reversed() }
        let swapped = stride(from: 0, to: data.count, by: 2).flatMap { [data[$0 + 1], data[$0]] }
        let sun = big(24, 4) + big(data.count, 4) + big(3, 4) + big(8000, 4) + big(1, 4)
        let fields = [
            "NIST_1A", "   1024", "sample_count -i \(data.count / 2)", "sample_n_bytes -i 2", "channel_count -i 1",
            "sample_byte_format -s2 01", "sample_rate -i 8000", "sample_coding -s3 pcm", "end_head",
        ]
        var sphere = Array((fields.joined(separator: "\n") + "\n").utf8)
        sphere += [UInt8](repeating: 0x20, count: 1024 - sphere.count)
        let voice =
            Array("Creative Voice File\u{1A}".utf8) + [26, 0, 10, 1, 0x29, 0x11, 9]
            + WAVBytes.little(data.count + 12, 3)
            + WAVBytes.little(8000, 4) + [16, 1, 4, 0, 0, 0, 0, 0]
        let research =
            Array("2BIT".utf8) + [UInt8](repeating: 0, count: 8) + big(0, 2) + big(16, 2) + big(0xFFFF, 2) + big(0, 2)
            + big(0xFFFF, 2) + big(8000, 4) + big(data.count / 2, 4) + [UInt8](repeating: 0, count: 98)
        return [
            ("a.au", Array(".snd".utf8) + sun + swapped), ("a.sph", sphere + data), ("a.voc", voice + data + [0]),
            ("a.avr", research + swapped),
        ]
    }

    @Test func whatAHeaderPromisesIsHeardOrMissed() throws {
        let folder = try TemporaryFolder()
        for (name, bytes) in headed() {
            #expect(try hear(bytes, name) == expected, "\(name)")
            for left in [bytes.count - 4, bytes.count * 2 / 3, 2000] {
                let error = DecodedAudio.fault(try folder.put(name, Array(bytes.prefix(left))))
                #expect(error?.failureClass == .truncated, "\(name) of \(left) bytes: \(error?.reason ?? "heard")")
            }
        }
    }

    /// A length of zero with chunks behind it is meant so.
    @Test func noSamplesButAChunk() throws {
        let list = Array("LIST".utf8) + WAVBytes.little(4, 4) + Array("INFO".utf8)
        let folder = try TemporaryFolder()
        let error = DecodedAudio.fault(try folder.put("a.wav", WAVBytes(data: []).bytes + list))
        #expect(error?.failureClass == .empty)
    }

    /// RF64 whose `data` chunk says its length itself.
    @Test(arguments: [true, false]) func rf64(hasWideLength: Bool) throws {
        let wav = WAVBytes.shorts(samples)
        let wide = WAVBytes.little(hasWideLength ? data.count : 0, 8)
        var bytes =
            Array("RF64".utf8) + WAVBytes.little(0xFFFF_FFFF, 4) + Array("WAVEds64".utf8) + WAVBytes.little(28, 4)
            + WAVBytes.little(wav.count + 28, 8) + wide + WAVBytes.little(samples.count, 8) + WAVBytes.little(0, 4)
        bytes += wav[12...]
        #expect(try hear(bytes) == expected)
        let folder = try TemporaryFolder()
        let error = DecodedAudio.fault(try folder.put("cut.wav", Array(bytes.dropLast(100))))
        #expect(error?.failureClass == .truncated)
    }

    private func big(_ value: Int, _ count: Int = 4) -> [UInt8] { WAVBytes.little(value, count).reversed() }

    /// The Amiga's format, of signed bytes.
    @Test func amiga() throws {
        let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let header = big(body.count) + big(0) + big(0) + big(16000, 2) + [1, 0] + big(0x10000)
        let chunks = Array("VHDR".utf8) + big(20) + header + Array("BODY".utf8) + big(body.count) + body
        let bytes = Array("FORM".utf8) + big(4 + chunks.count) + Array("8SVX".utf8) + chunks
        let folder = try TemporaryFolder()
        #expect(
            try DecodedAudio(try folder.put("clip.8svx", bytes)).samples
                == body.map { Float(Int8(bitPattern: $0)) / 128 })
        let error = DecodedAudio.fault(try folder.put("cut.8svx", Array(bytes.dropLast(30))))
        #expect(error?.failureClass == .truncated)
    }
}
