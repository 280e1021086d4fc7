/// Scores in descending order, each with its index in the input and whether it is a positive.
///
/// An entry is one word: upper half a key that rises as the score falls, lower half `place * 2 + positive`. Equal scores
/// have equal keys (minus zero counts as zero), and ties are always treated as one group.
final class Ranking {
    private let words: UnsafeMutableBufferPointer<UInt64>
    private let spare: UnsafeMutableBufferPointer<UInt64>
    private(set) var positives = 0
    let count: Int

    /// Room for `count` scores; `fill` comes next.
    init(count: Int) {
        precondition(count < 1 << 31, "places have 31 bits")
        self.count = count
        words = .allocate(capacity: count)
        spare = .allocate(capacity: count)
        words.initialize(repeating: 0)
        spare.initialize(repeating: 0)
    }

    deinit {
        words.deallocate()
        spare.deallocate()
    }

    /// Ranks `scores`; `positivePlaces` are the indices of the positives, without repeats.
    func fill(_ scores: UnsafeBufferPointer<Float>, positivePlaces: some Collection<Int32>) {
        precondition(scores.count == count)
        for place in 0..<count { words[place] = UInt64(Self.key(scores[place])) << 32 | UInt64(place) << 1 }
        for place in positivePlaces { words[Int(place)] |= 1 }
        positives = positivePlaces.count
        RadixSort.sort(words, spare: spare)
    }

    /// The entries, best score first.
    var entries: UnsafeBufferPointer<UInt64> { UnsafeBufferPointer(words) }

    /// The score at a rank, 0 being the best.
    func score(rank: Int) -> Float { Self.score(UInt32(truncatingIfNeeded: words[rank] >> 32)) }

    /// Calls `body(end, truePositives, falsePositives)` after each group of equal scores, best first; both counts cover
    /// everything up to and including the group, and `end` is their sum.
    func forEachGroup(_ body: (Int, Int, Int) -> Void) {
        var hits = 0
        var index = 0
        while index < count {
            let key = words[index] >> 32
            repeat {
                hits += Int(words[index] & 1)
                index += 1
            } while index < count && words[index] >> 32 == key
            body(index, hits, index - hits)
        }
    }

    private static func key(_ score: Float) -> UInt32 {
        let bits = (score + 0).bitPattern
        return ~(bits >> 31 == 1 ? ~bits : bits | 0x8000_0000)
    }

    private static func score(_ key: UInt32) -> Float {
        let bits = ~key
        return Float(bitPattern: bits >> 31 == 1 ? bits & 0x7FFF_FFFF : ~bits)
    }
}
