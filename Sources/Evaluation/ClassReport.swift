/// One class in the statistics.
package struct ClassReport: Sendable, Equatable {
    package var name: String
    /// A clip or a chunk counts as having the class from this score upwards.
    package var threshold: Double
    /// Clips whose score reaches the threshold.
    package var clipsAbove: Int
    /// Hours covered by chunks at or above the threshold; NaN if there are no chunk scores.
    package var hoursAbove: Double
    /// Over all clips; the deviation is that of the population (divided by the number of clips). NaN without clips.
    package var mean: Double
    package var deviation: Double
    /// At `ClassReport.quantileLevels`, linearly interpolated; NaN without clips.
    package var quantiles: [Double]
    package var maximum: Double
    /// Metrics against the truth; nil if no truth was given.
    package var truth: TruthReport?

    /// The levels of `quantiles`.
    package static let quantileLevels = [0.05, 0.25, 0.5, 0.75, 0.95]

    /// How well one class is detected. Values are NaN if the class has no positive (or no negative) clip.
    package struct TruthReport: Sendable, Equatable {
        package var metrics: RankMetrics
        /// At the class's threshold.
        package var counts: ThresholdCounts
        package var averagePrecisionInterval: Interval?
        package var aucInterval: Interval?
    }

    /// Statistics of one class's scores, ranked.
    init(
        name: String, column: UnsafeBufferPointer<Float>, ranking: Ranking, threshold: Double, hoursAbove: Double
    ) {
        self.name = name
        self.threshold = threshold
        self.hoursAbove = hoursAbove
        truth = nil
        let count = column.count
        var sum = 0.0
        clipsAbove = 0
        for clip in 0..<count {
            sum += Double(column[clip])
            if column[clip] >= Float(threshold) { clipsAbove += 1 }
        }
        let mean = sum / Double(count)
        var squares = 0.0
        for value in column {
            let off = Double(value) - mean
            squares += off * off
        }
        self.mean = mean
        deviation = (squares / Double(count)).squareRoot()
        quantiles = Self.quantileLevels.map { level in
            count == 0 ? .nan : Quantile.linear(level, count: count) { Double(ranking.score(rank: count - 1 - $0)) }
        }
        maximum = count == 0 ? .nan : Double(ranking.score(rank: 0))
    }
}
