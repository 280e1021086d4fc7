/// The distribution of a class's clip scores from 0 to 1.
package struct ScoreHistogram: Sendable, Equatable {
    /// The number of bins, which have equal width.
    package static let bins = 50

    /// The number of clips in each bin. Bin b has the scores from b / bins up to, but not including, (b + 1) / bins;
    /// the last one also includes 1. Scores outside 0 to 1 are counted in the first or last bin.
    package private(set) var clips = [Int](repeating: 0, count: bins)
    /// The number of clips in each bin that truly have the class; nil without a truth.
    package private(set) var positives: [Int]?

    /// - Parameters:
    ///   - column: the class's score of every clip.
    ///   - positivePlaces: indices of the clips that truly have the class; nil without a truth.
    init(_ column: UnsafeBufferPointer<Float>, positivePlaces: [Int32]?) {
        for score in column { clips[Self.bin(score)] += 1 }
        positives = positivePlaces.map { places in
            places.reduce(into: [Int](repeating: 0, count: Self.bins)) { $0[Self.bin(column[Int($1)])] += 1 }
        }
    }

    private static func bin(_ score: Float) -> Int {
        Int(max(0, min(Float(bins) - 1, (score * Float(bins)).rounded(.down))))
    }
}
