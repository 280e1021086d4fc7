import TestSupport
import Testing

/// Integer full scale comes out in [-1, 1), floats as they are, channels as their mean.
@Suite struct ScaleTests {
    private let folder = try? TemporaryFolder()

    private func hear(_ bytes: [UInt8]) throws -> DecodedAudio {
        let folder = try #require(folder)
        return try DecodedAudio(try folder.put("scale.wav", bytes))
    }

    @Test func unsigned8() throws {
        let file = WAVBytes(bits: 8, data: [0, 1, 127, 128, 129, 255])
        #expect(try hear(file.bytes).samples == [-1, -127.0 / 128, -1.0 / 128, 0, 1.0 / 128, 127.0 / 128])
    }

    @Test func signed16() throws {
        let all = (Int(Int16.min)...Int(Int16.max)).map { Int16($0) }
        let heard = try hear(WAVBytes.shorts(all))
        #expect(heard.samples == all.map { Float($0) / 32768 })
        #expect(heard.samples.max()! < 1)
    }

    @Test func signed24() throws {
        let values = [-8_388_608, 8_388_607, 0, 1, -1, 0x123456, -0x123456]
        let file = WAVBytes(bits: 24, data: values.flatMap { WAVBytes.little($0, 3) })
        #expect(try hear(file.bytes).samples == values.map { Float($0) / 8_388_608 })
    }

    /// A float holds 24 bits: the highest value is 2^31 - 128, what lies above rounds to 1.
    @Test func signed32() throws {
        let values = [-2_147_483_648, 2_147_483_520, 0, 1, -1, 0x1234_5600, -0x7654_3200]
        let file = WAVBytes(bits: 32, data: values.flatMap { WAVBytes.little($0, 4) })
        let heard = try hear(file.bytes).samples
        #expect(heard == values.map { Float($0) / 2_147_483_648 })
        #expect(heard.max()! < 1)
    }

    @Test func floatsAsTheyAre() throws {
        let values: [Float] = [0, -0.0, 1, -1, 0.1, 1e-30, 3.5, -100, .leastNonzeroMagnitude]
        #expect(try hear(WAVBytes.floats(values)).samples.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func doublesRounded() throws {
        let values = [0, 1, -1, 0.1, 1.0 / 3, 1e-300, 2.5]
        let file = WAVBytes(
            tag: WAVBytes.float, bits: 64,
            data: values.flatMap { WAVBytes.little(Int(bitPattern: UInt($0.bitPattern)), 8) })
        #expect(try hear(file.bytes).samples == values.map { Float($0) })
    }

    @Test(arguments: IntegerFile.Format.allCases) func integersOfOtherContainers(format: IntegerFile.Format) throws {
        let folder = try #require(folder)
        let kept = format.bits == 24 ? Int32(0x7B) << 8 : 0
        let samples = Sound.shorts(seed: 1, count: 30_000).map { Int32($0) << 16 | kept }
        let path = folder.path + "/integer." + format.rawValue
        try IntegerFile.write(path, format, channels: 1, samples)
        #expect(try DecodedAudio(path).samples == samples.map { Float($0) / 2_147_483_648 })
    }

    @Test(arguments: [2, 3, 6, 255, 1024]) func channelsAreAveraged(channels: Int) throws {
        // More frames than are mixed at a time.
        let frames = max(20, 40_000 / channels)
        let samples = Sound.shorts(seed: 2, count: frames * channels)
        let heard = try hear(WAVBytes.shorts(samples, channels: channels))
        #expect(heard.channels == channels)
        #expect(heard.samples.count == frames)
        var worst = 0.0
        for frame in 0..<frames {
            let sum = (0..<channels).reduce(0.0) { $0 + Double(samples[frame * channels + $1]) / 32768 }
            worst = max(worst, abs(Double(heard.samples[frame]) - sum / Double(channels)))
        }
        #expect(worst <= 2e-6)
    }

    @Test func stereoByHand() throws {
        let heard = try hear(WAVBytes.shorts([16384, 0, -32768, -32768, 8192, -8192], channels: 2))
        #expect(heard.samples == [0.25, -1, 0])
    }
}
