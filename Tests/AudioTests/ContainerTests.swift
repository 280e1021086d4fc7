import Audio
import Testing

/// Lengths in a container that mean "not known", and containers of other shapes.
@Suite struct ContainerTests {
    private let samples = Sound.shorts(seed: 51, count: 3000)

    private func hear(_ bytes: [UInt8], _ name: String = "clip.wav") throws -> [Float] {
        let folder = try TemporaryFolder()
        return try Hearing(try folder.put(name, bytes)).samples
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

    /// A length of zero with chunks behind it is meant so.
    @Test func noSamplesButAChunk() throws {
        let list = Array("LIST".utf8) + WAVBytes.little(4, 4) + Array("INFO".utf8)
        let folder = try TemporaryFolder()
        let error = Hearing.fault(try folder.put("a.wav", WAVBytes(data: []).bytes + list))
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
        let error = Hearing.fault(try folder.put("cut.wav", Array(bytes.dropLast(100))))
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
            try Hearing(try folder.put("clip.8svx", bytes)).samples
                == body.map { Float(Int8(bitPattern: $0)) / 128 })
        let error = Hearing.fault(try folder.put("cut.8svx", Array(bytes.dropLast(30))))
        #expect(error?.failureClass == .truncated)
    }
}
