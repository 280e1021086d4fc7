/// A 95 % interval.
package struct Interval: Sendable, Equatable {
    package var low: Double
    package var high: Double

    /// The 2.5 and 97.5 percent points of the resampled values, ignoring NaN; nil if no value is left.
    init?(_ values: [Double]) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        if sorted.isEmpty { return nil }
        low = Quantile.linear(0.025, count: sorted.count) { sorted[$0] }
        high = Quantile.linear(0.975, count: sorted.count) { sorted[$0] }
    }

    private init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// Wilson's interval of a proportion: `successes` out of `trials`; nil for no trials (Wilson, "Probable Inference, the Law
    /// of Succession, and Statistical Inference", JASA 22, 1927). Unlike the usual p +- 1.96 s it keeps its 95 % with few
    /// trials and proportions near 0 and 1 (Brown, Cai and DasGupta, "Interval Estimation for a Binomial Proportion", 2001).
    package static func wilson(_ successes: Int, of trials: Int) -> Interval? {
        guard trials > 0 else { return nil }
        let (n, p) = (Double(trials), Double(successes) / Double(trials))
        let z = NormalQuantile.value(0.975)
        let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return Interval(
            low: successes == 0 ? 0 : max(0, centre - half), high: successes == trials ? 1 : min(1, centre + half))
    }
}
