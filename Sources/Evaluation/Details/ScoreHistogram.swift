/// How a class's clip scores are spread from 0 to 1.
package struct ScoreHistogram: Sendable, Equatable {
    /// Bins of equal width.
    package static let bins = 50

    /// Clips by bin. Bin b holds the scores from b / bins up to, but not including, (b + 1) / bins; the last one holds 1 too.
    /// What lies outside 0 to 1 is counted in the first and the last bin.
    package private(set) var clips = [Int](repeating: 0, count: bins)
    /// Of these the clips that truly have the class; nil without a truth.
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
