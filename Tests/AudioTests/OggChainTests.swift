import Errors
import Audio
import Random
import TestSupport
import Testing

/// Chained Ogg files, as of web radio or `cat`: every link is heard, or it is said which is not.
@Suite struct OggChainTests {
    private static let codecs: [AudioWriter.Format] = [.ogg, .opus]

    private let folder = try? TemporaryFolder()

    private func write(
        _ format: AudioWriter.Format, seed: UInt64, rate: Int? = nil, channels: Int = 1, count: Int = 30_011
    ) throws -> [UInt8] {
        let folder = try #require(folder)
        let path = folder.path + "/\(seed).\(format.rawValue)"
        try AudioWriter.write(
            path, rate: rate ?? FormatTests.rate(format), channels: channels, format: format,
            samples: Sound.noise(seed: seed, count: count * channels))
        return try folder.bytes(path)
    }

    private func hear(_ bytes: [UInt8], blocks: [Int] = [65_536], truncation: Truncation = .fail) throws -> [Float] {
        let folder = try #require(folder)
        return try DecodedAudio(try folder.put("chain", bytes), blocks: blocks, truncation: truncation).samples
    }

    private func fault(_ bytes: [UInt8]) throws -> AudioError? {
        let folder = try #require(folder)
        return DecodedAudio.fault(try folder.put("chain", bytes))
    }

    private func pages(_ bytes: [UInt8]) -> [Range<Int>] {
        let mark = Array("OggS".utf8)
        let starts = bytes.indices.dropLast(4).filter { bytes[$0] == mark[0] && Array(bytes[$0..<$0 + 4]) == mark }
        return zip(starts, starts.dropFirst() + [bytes.count]).map { $0..<$1 }
    }

    @Test(arguments: codecs, [[1, 1], [2, 2], [1, 2], [2, 1, 2]]) func allLinks(
        format: AudioWriter.Format, channels: [Int]
    ) throws {
        let links = try channels.enumerated().map { try write(format, seed: UInt64($0.offset), channels: $0.element) }
        let alone = try links.flatMap { try hear($0) }
        #expect(alone.count == channels.count * 30_011)
        let chain = links.flatMap { $0 }
        #expect(try hear(chain) == alone)
        for blocks in [[1], [1000], [8192], [8193, 1, 77], [30_010], [100_000]] {
            #expect(try hear(chain, blocks: blocks) == alone, "\(blocks)")
        }
    }

    /// The same file twice has the same serial number twice.
    @Test(arguments: codecs) func theSameTwice(format: AudioWriter.Format) throws {
        let link = try write(format, seed: 1)
        let alone = try hear(link)
        #expect(try hear(link + link + link) == alone + alone + alone)
    }

    @Test func anotherRate() throws {
        let first = try write(.ogg, seed: 1, rate: 22_050)
        let chain = first + (try write(.ogg, seed: 2, rate: 44_100))
        let error = try #require(try fault(chain))
        #expect(error.failureClass == .truncated && error.offset == 30_011)
        for part in ["link 2 of 2", "byte \(first.count)", "frame 30011", "44100 Hz", "22050 Hz"] {
            #expect(error.reason.contains(part), "\(error)")
        }
        #expect(try hear(chain, truncation: .accept).count == 30_011)
    }

    /// A page that is lost, doubled or damaged, in whichever link, is a failure that says where.
    @Test(arguments: codecs, [1, 2]) func damagedPages(format: AudioWriter.Format, links: Int) throws {
        let link = try write(format, seed: 4, count: 200_000)
        let bytes = (0..<links).flatMap { _ in link }
        let pages = pages(bytes)
        let last = pages.count / links * links - 2
        for lost in [last, pages.count / links - 2] {
            try #require(pages.count >= 6 * links)
            let page = pages[lost]
            let (before, behind) = (Array(bytes[..<page.lowerBound]), Array(bytes[page.upperBound...]))
            let own = Array(bytes[page])
            let ways: [(String, [UInt8])] = [
                ("lost", before + behind), ("doubled", before + own + own + behind),
                ("zeroed", before + [UInt8](repeating: 0, count: page.count) + behind),
            ]
            for (name, damaged) in ways {
                let error = try #require(try fault(damaged), "\(name)")
                #expect(
                    error.failureClass == .truncated && error.reason.contains("whole up to frame"), "\(name): \(error)")
                let heard = try hear(damaged, truncation: .accept).count
                #expect(heard > (lost < pages.count / links ? 0 : (links - 1) * 200_000), "\(name): \(heard)")
            }
        }
    }

    /// Each page has a checksum: no bit of it goes wrong unseen.
    @Test(arguments: codecs) func everyPageIsChecked(format: AudioWriter.Format) throws {
        let bytes = try write(format, seed: 5, count: 20_000)
        var random = SplitMix64(seed: 5)
        for page in pages(bytes) {
            for _ in 0..<20 {
                var damaged = bytes
                damaged[random.below(page.count) + page.lowerBound] ^= 1 << UInt8(random.below(8))
                #expect(try fault(damaged) != nil)
            }
        }
    }

    /// Tags that other programs hang on behind the last page.
    @Test func behindTheEnd() throws {
        let link = try write(.ogg, seed: 6)
        #expect(try hear(link + MPEGBytes.id3v1) == hear(link))
    }
}
