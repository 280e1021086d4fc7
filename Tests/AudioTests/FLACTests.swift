import Errors
import Audio
import TestSupport
import Testing

/// FLAC is held against the numbers of its own frames, not against STREAMINFO alone.
@Suite struct FLACTests {
    private let folder = try? TemporaryFolder()

    /// Of about 4,096 sample frames each.
    private func write(rate: Int = 16000, channels: Int = 1, count: Int = 100_000, seed: UInt64 = 1) throws -> FLACBytes
    {
        let folder = try #require(folder)
        let path = folder.path + "/whole.flac"
        try AudioWriter.write(
            path, rate: rate, channels: channels, format: .flac,
            samples: Sound.noise(seed: seed, count: count * channels))
        return try FLACBytes(try folder.bytes(path))
    }

    private func hear(_ bytes: [UInt8], _ truncation: Truncation = .fail, blocks: [Int] = [65_536]) throws -> [Float] {
        let folder = try #require(folder)
        return try DecodedAudio(try folder.put("clip.flac", bytes), blocks: blocks, truncation: truncation).samples
    }

    private func fault(_ bytes: [UInt8], blocks: [Int] = [65_536]) throws -> AudioError? {
        let folder = try #require(folder)
        let path = try folder.put("clip.flac", bytes)
        do throws(AudioError) {
            _ = try DecodedAudio(path, blocks: blocks)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [1, 2]) func unknownTotal(channels: Int) throws {
        var file = try write(channels: channels)
        let whole = try hear(file.bytes)
        #expect(whole.count == 100_000)
        file.total = 0
        #expect(try hear(file.bytes) == whole)
        #expect(try hear(file.bytes, blocks: [1000]) == whole)
    }

    /// Whatever the length of the reads: libsndfile forgets an error at the next one.
    @Test(arguments: [0, 100_000], [[65_536], [100], [4096], [5000, 1]]) func damagedFrame(total: Int, blocks: [Int])
        throws
    {
        var file = try write()
        file.total = total
        let whole = try hear(write().bytes)
        for number in [0, 1, 10, file.frames.count - 1] {
            var damaged = file
            damaged.frames[number][damaged.frames[number].count / 2] ^= 0x10
            let error = try fault(damaged.bytes, blocks: blocks)
            #expect(error?.failureClass == .truncated, "frame \(number)")
            #expect(error?.offset != nil, "frame \(number)")
            #expect(Int(error?.offset ?? 0) <= 4096 * (number + 1), "frame \(number): \(error!)")
            if number == 10 {
                let rest = try hear(damaged.bytes, .accept, blocks: blocks)
                #expect(rest.starts(with: whole.prefix(9 * 4096)))
            }
        }
    }

    /// A frame that is taken out whole leaves no broken one behind.
    @Test(arguments: [0, 100_000]) func lostFrames(total: Int) throws {
        var file = try write()
        file.total = total
        for (first, count) in [(0, 1), (5, 1), (5, 10), (file.frames.count - 2, 1)] where first > 0 {
            var damaged = file
            damaged.frames.removeSubrange(first..<first + count)
            let error = try #require(try fault(damaged.bytes), "\(count) frames from \(first) on")
            #expect(error.failureClass == .truncated && error.offset == Int64(first * 4096), "\(error)")
            #expect(error.reason.contains("expected \(first)"), "\(error)")
        }
    }

    @Test func totalTooSmall() throws {
        var file = try write()
        let whole = try hear(file.bytes)
        for total in [1, 4096, 50_000, 99_999] {
            file.total = total
            #expect(try hear(file.bytes) == whole, "\(total)")
        }
    }

    @Test func totalTooLarge() throws {
        var file = try write()
        for total in [100_001, 1_000_000, 0xF_FFFF_FFFF] {
            file.total = total
            let error = try fault(file.bytes)
            #expect(error?.failureClass == .truncated && error?.offset == 100_000, "\(total)")
            #expect(error?.reason.contains("\(total)") == true)
            #expect(try hear(file.bytes, .accept).count == 100_000)
        }
    }

    @Test(arguments: [(16000, 2), (44_100, 1), (8000, 1)], [0, 100_000]) func changesMidway(
        other: (rate: Int, channels: Int), total: Int
    ) throws {
        var file = try write(count: 4096 * 10)
        let second = try write(rate: other.rate, channels: other.channels, count: 4096 * 10)
        file.total = total == 0 ? 0 : 20 * 4096
        file.frames += second.frames.enumerated().map { FLACBytes.renumbered($0.element, 10 + $0.offset) }
        let error = try #require(try fault(file.bytes))
        #expect(error.failureClass == .truncated && error.offset == 10 * 4096, "\(error)")
        #expect(error.reason.contains("\(other.channels) channels at \(other.rate) Hz, expected 1 at 16000 Hz"))
        #expect(error.reason.contains("frame 40960 (2.56 s)"), "\(error)")
    }

    /// Cut anywhere, the total not known: every frame that is left whole is heard, or it is a failure.
    @Test func cutWithoutATotal() throws {
        var file = try write(count: 4096 * 3)
        file.total = 0
        let bytes = file.bytes
        var ends = [file.head.count]
        for frame in file.frames { ends.append(ends.last! + frame.count) }
        for cut in stride(from: file.head.count + 1, to: bytes.count, by: 7) {
            let folder = try #require(folder)
            let path = try folder.put("cut.flac", Array(bytes[..<cut]))
            guard DecodedAudio.fault(path) == nil else { continue }
            let left = ends.lastIndex { $0 <= cut } ?? 0
            #expect(try DecodedAudio(path).samples.count == left * 4096, "cut at \(cut)")
            #expect(cut - ends[left] < 16, "cut at \(cut): \(cut - ends[left]) bytes of a frame are left and not told")
        }
    }
}
