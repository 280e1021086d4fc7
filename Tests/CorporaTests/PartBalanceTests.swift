import Corpora
import Random
import Testing
import TestSupport

/// Dividing clips into parts of equal length.
struct PartBalanceTests {
    private static func loads(_ seconds: [Double], _ parts: [Int32], _ count: Int) -> [Double] {
        var loads = [Double](repeating: 0, count: count)
        for (clip, part) in parts.enumerated() { loads[Int(part)] += seconds[clip] }
        return loads
    }

    /// The same rule in the plainest way: every part is looked at for every clip.
    private static func plain(_ seconds: [Double], parts: Int) -> [Int32] {
        var loads = [Double](repeating: 0, count: parts)
        var result = [Int32](repeating: -1, count: seconds.count)
        let order = seconds.indices.sorted { seconds[$0] != seconds[$1] ? seconds[$0] > seconds[$1] : $0 < $1 }
        for clip in order {
            var least = 0
            for part in 0..<parts where loads[part] < loads[least] { least = part }
            result[clip] = Int32(least)
            loads[least] += seconds[clip] + 0.01
        }
        return result
    }

    /// Lengths from 0.3 s to 10 h, evenly over their logarithms, as in a mixed archive.
    private static func archive(_ count: Int, seed: UInt64) -> [Double] {
        var numbers = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let unit = Double(numbers.next() >> 11) / Double(1 << 53)
            var (length, rest) = (0.3, unit * 16.87)
            // 0.3 s times two to the power of at most 16.87 is ten hours.
            while rest >= 1 { (length, rest) = (length * 2, rest - 1) }
            return length * (1 + rest)
        }
    }

    @Test("The longest of 64 parts is at most 1.05 of the mean, or the longest recording", arguments: 1...12)
    func balance(seed: Int) {
        for clips in [64, 500, 5_000, 40_000] {
            let seconds = Self.archive(clips, seed: UInt64(seed))
            let loads = Self.loads(seconds, PartBalance.assign(seconds, parts: 64), 64)
            let mean = loads.reduce(0, +) / 64
            let longest = seconds.max() ?? 0
            #expect(loads.max() ?? 0 <= max(1.05 * mean, longest + 0.001), "\(clips) clips")
        }
    }

    @Test("The heap gives what the plainest search gives, for any number of clips and parts")
    func plainly() {
        for (clips, parts) in [(0, 3), (1, 3), (3, 1), (50, 7), (400, 64), (1_000, 3)] {
            for seed in 1...5 {
                var seconds = Self.archive(clips, seed: UInt64(seed))
                // Many of equal length, and some without any.
                for index in seconds.indices where index % 3 == 0 { seconds[index] = index % 2 == 0 ? 5 : 0 }
                #expect(PartBalance.assign(seconds, parts: parts) == Self.plain(seconds, parts: parts))
            }
        }
    }

    @Test("Clips without a length are spread over all parts")
    func empty() {
        let parts = PartBalance.assign([Double](repeating: 0, count: 700), parts: 7)
        for part in 0..<Int32(7) { #expect(parts.count { $0 == part } == 100) }
    }
}
