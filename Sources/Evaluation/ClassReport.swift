/// One class in the statistics.
package struct ClassReport: Sendable, Equatable {
    package var name: String
    /// Clips whose score reaches the threshold, and their length in hours.
    package var clipsAbove: Int
    package var hoursAbove: Double
    /// Over all clips; the deviation is that of the population (divided by the number of clips). NaN without clips.
    package var mean: Double
    package var deviation: Double
    /// At `ClassReport.quantileLevels`, linearly interpolated; NaN without clips.
    package var quantiles: [Double]
    package var maximum: Double
    /// What the truth adds; nil where no truth was given.
    package var truth: TruthReport?

    /// The levels of `quantiles`.
    package static let quantileLevels = [0.05, 0.25, 0.5, 0.75, 0.95]

    /// How well one class is found. Values are NaN where the class has no positive (or no negative) clip.
    package struct TruthReport: Sendable, Equatable {
        package var metrics: RankMetrics
        package var averagePrecisionInterval: Interval?
        package var aucInterval: Interval?
    }

    /// Statistics of one class's scores, ranked.
    init(name: String, column: UnsafeBufferPointer<Float>, ranking: Ranking, seconds: [Double], threshold: Float) {
        self.name = name
        truth = nil
        let count = column.count
        var sum = 0.0
        var secondsAbove = 0.0
        clipsAbove = 0
        for clip in 0..<count {
            sum += Double(column[clip])
            if column[clip] >= threshold {
                clipsAbove += 1
                secondsAbove += seconds[clip]
            }
        }
        hoursAbove = secondsAbove / 3600
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
