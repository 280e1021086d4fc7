import Errors
import Audio
import TestSupport
import Testing

/// A file that ends before its header says is told apart from a whole one, whatever the container.
@Suite struct TruncationTests {
    /// Where the samples begin is past the smaller cuts of streams whose headers are long.
    static let small = [0.001, 0.01, 0.1, 0.3]
    static let large = [0.5, 0.7, 0.9, 0.99, 0.9999]

    private func write(_ folder: TemporaryFolder, _ format: AudioWriter.Format, channels: Int = 1) throws -> [UInt8] {
        let path = folder.path + "/whole." + format.rawValue
        let rate = FormatTests.rate(format)
        try AudioWriter.write(
            path, rate: rate, channels: channels, format: format,
            samples: Sound.noise(seed: 21, count: 4 * rate * channels))
        try #require(DecodedAudio.fault(path) == nil)
        return try folder.bytes(path)
    }

    private func cut(_ bytes: [UInt8], _ share: Double) -> ArraySlice<UInt8> {
        bytes.prefix(min(bytes.count - 1, Int(Double(bytes.count) * share)))
    }

    @Test(arguments: AudioWriter.Format.allCases) func cutIsAnError(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let bytes = try write(folder, format)
        for share in Self.small {
            let error = DecodedAudio.fault(try folder.put("cut", Array(cut(bytes, share))))
            #expect([.truncated, .unsupported].contains(error?.failureClass), "at \(share)")
        }
        for share in Self.large {
            let error = DecodedAudio.fault(try folder.put("cut", Array(cut(bytes, share))))
            #expect(error?.failureClass == .truncated, "at \(share)")
        }
    }

    @Test(arguments: IntegerFile.Format.allCases, [1, 3]) func cutIntegersAreAnError(
        format: IntegerFile.Format, channels: Int
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/whole"
        let samples = Sound.shorts(seed: 22, count: 30_000).map { Int32($0) << 16 }
        try IntegerFile.write(path, format, channels: channels, samples)
        try #require(DecodedAudio.fault(path) == nil)
        let bytes = try folder.bytes(path)
        for share in Self.large {
            let error = DecodedAudio.fault(try folder.put("cut", Array(cut(bytes, share))))
            #expect(error?.failureClass == .truncated, "at \(share)")
        }
    }

    /// Where cut files are accepted, what is left is what the whole file begins with.
    @Test(arguments: [AudioWriter.Format.wav16, .wav24, .wavU8, .wavFloat, .flac, .aiff, .w64, .rf64])
    func acceptedUpToTheCut(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let bytes = try write(folder, format)
        let whole = try DecodedAudio(folder.path + "/whole." + format.rawValue).samples
        for share in [0.3, 0.5, 0.9] {
            let rest = try DecodedAudio(try folder.put("cut", Array(cut(bytes, share))), truncation: .accept).samples
            #expect(Double(rest.count) > (share - 0.15) * Double(whole.count) && rest.count < whole.count)
            #expect(rest == Array(whole.prefix(rest.count)))
        }
    }

    @Test(arguments: [AudioWriter.Format.ogg, .opus, .mp3]) func acceptedStreams(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let bytes = try write(folder, format)
        let rest = try DecodedAudio(try folder.put("cut", Array(cut(bytes, 0.8))), truncation: .accept).samples
        #expect(rest.count > FormatTests.rate(format) && rest.count < 4 * FormatTests.rate(format))
    }

    /// Each Ogg page whole, but the last ones missing.
    @Test(arguments: [AudioWriter.Format.ogg, .opus]) func oggWithoutItsLastPage(format: AudioWriter.Format) throws {
        let folder = try TemporaryFolder()
        let bytes = try write(folder, format)
        let mark = Array("OggS".utf8)
        let pages = bytes.indices.dropLast(4).filter { bytes[$0] == mark[0] && Array(bytes[$0..<$0 + 4]) == mark }
        try #require(pages.count >= 4)
        let error = DecodedAudio.fault(try folder.put("cut", Array(bytes.prefix(pages.last ?? 0))))
        #expect(error?.failureClass == .truncated)
        #expect(
            error?.reason.hasPrefix("cut short: its last page is not marked as the end; whole up to frame ") == true)
    }

    /// A cut where FLAC frames meet leaves no broken frame behind, only the header's count.
    @Test func flacSaysWhereItEnds() throws {
        let folder = try TemporaryFolder()
        let bytes = try write(folder, .flac)
        let error = DecodedAudio.fault(try folder.put("cut", Array(cut(bytes, 0.6))))
        let offset = try #require(error?.offset)
        #expect(offset > 20_000 && offset < 88_200)
    }

    /// A sample chunk of odd length is followed by a byte of padding; many writers leave it out at the file's end.
    @Test(arguments: [8, 24], [true, false]) func oddLengthIsWhole(bits: Int, padded: Bool) throws {
        let data = [UInt8](repeating: 130, count: 1001 * bits / 8)
        let file = WAVBytes(bits: bits, data: data).bytes + (padded ? [0] : [])
        let folder = try TemporaryFolder()
        #expect(try DecodedAudio(try folder.put("odd.wav", file)).samples.count == 1001)
    }

    /// What follows the samples does not belong to them, whether chunk or rubbish.
    @Test func moreThanTheSamples() throws {
        let wav = WAVBytes.shorts(Sound.shorts(seed: 23, count: 1000))
        let folder = try TemporaryFolder()
        for tail in [
            Array("LIST".utf8) + WAVBytes.little(4, 4) + Array("INFO".utf8), [UInt8](repeating: 0xAA, count: 77),
        ] {
            #expect(try DecodedAudio(try folder.put("tail.wav", wav + tail)).samples.count == 1000)
        }
    }

    /// Chunks before the samples, of odd length too, are walked over.
    @Test func chunksBeforeTheSamples() throws {
        let wav = WAVBytes.shorts(Sound.shorts(seed: 24, count: 1000))
        let note = Array("note".utf8) + WAVBytes.little(3, 4) + [1, 2, 3, 0]
        let folder = try TemporaryFolder()
        let bytes = Array(wav[..<36]) + note + Array(wav[36...])
        #expect(try DecodedAudio(try folder.put("note.wav", bytes)).samples.count == 1000)
        let error = DecodedAudio.fault(try folder.put("cut.wav", Array(bytes.dropLast(2))))
        #expect(error?.failureClass == .truncated)
        #expect(error?.reason.contains("byte 2056, the file ends at byte 2054") == true)
    }
}
