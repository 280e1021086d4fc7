/// The chunks that an epoch visits, in order, determined by seed and epoch alone.
package struct EpochOrder: Sendable {
    package let chunks: [Int32]

    /// Creates a permutation of the chunks 0 to below `count`.
    package init(count: Int, seed: UInt64, epoch: Int) {
        self.init(of: (0..<Int32(count)).map { $0 }, seed: seed, epoch: epoch)
    }

    /// Creates a permutation of some chunks.
    package init(of some: [Int32], seed: UInt64, epoch: Int) {
        var random = SeededRandom(seed: seed, 1, UInt64(epoch))
        var order = some
        // Fisher-Yates shuffle.
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
        chunks = order
    }

    /// Draws as many chunks as there are, with replacement, each with a probability in proportion to its weight.
    ///
    /// - Parameter weights: one for each of the chunks, not negative, not all 0.
    package init(drawnFrom some: [Int32], weights: [Double], seed: UInt64, epoch: Int) {
        precondition(some.count == weights.count, "\(weights.count) weights of \(some.count) chunks")
        var random = SeededRandom(seed: seed, 6, UInt64(epoch))
        var sum = 0.0
        let ends = weights.map { weight in
            sum += weight
            return sum
        }
        chunks = some.indices.map { _ in
            let drawn = random.uniform() * sum
            // The first chunk whose end lies beyond what was drawn: one of weight 0 is never it.
            var (low, high) = (0, ends.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] > drawn { high = middle } else { low = middle + 1 }
            }
            return some[low]
        }
    }

    /// Returns the weight of chunks for balanced sampling, from the classes of each: the sum over its classes of 1 / the
    /// number of chunks that have the class (PSLA, Gong et al., arXiv 2102.01243).
    package static func balancedWeights(_ labels: [[Int]], classes: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: classes)
        for own in labels { for label in own { counts[label] += 1 } }
        return labels.map { own in own.reduce(0) { $0 + 1 / counts[$1] } }
    }
}
