/// The order in which an epoch visits the chunks: a new permutation each time, determined by seed and epoch alone.
package struct EpochOrder: Sendable {
    package let chunks: [Int32]

    /// Creates the order for `count` chunks.
    package init(count: Int, seed: UInt64, epoch: Int) {
        var random = SeededRandom(seed: seed, 1, UInt64(epoch))
        var order = (0..<Int32(count)).map { $0 }
        // Fisher-Yates shuffle.
        for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
        chunks = order
    }
}
