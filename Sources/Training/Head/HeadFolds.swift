/// Divides clips into folds for cross-validation. A clip's chunks are always in one fold.
package enum HeadFolds {
    /// Divides clips at random, those with the same labels evenly.
    ///
    /// - Parameters:
    ///   - labels: the classes of each clip.
    ///   - count: number of folds, at least 2 and at most the number of clips.
    /// - Returns: the fold of each clip, from 0.
    package static func random(labels: [[Int]], count: Int, seed: UInt64) -> [Int] {
        var random = SeededRandom(seed: seed, 3)
        var order = Array(labels.indices)
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
        // By label, and among equals in the random order.
        let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        order.sort { first, second in
            let (a, b) = (labels[first], labels[second])
            return a == b ? (rank[first] ?? 0) < (rank[second] ?? 0) : a.lexicographicallyPrecedes(b)
        }
        var folds = [Int](repeating: 0, count: order.count)
        for (place, clip) in order.enumerated() { folds[clip] = place % count }
        return folds
    }

    /// Divides clips by a value of each, such as its recordist: equal values are one fold.
    ///
    /// - Returns: the fold of each clip, from 0, and the number of folds.
    package static func named(_ values: [String]) -> (folds: [Int], count: Int) {
        let names = Set(values).sorted()
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return (values.map { places[$0] ?? 0 }, names.count)
    }
}
