/// A 95 % interval.
package struct Interval: Sendable, Equatable {
    package var low: Double
    package var high: Double

    /// The 2.5 and 97.5 percent points of the resampled values, which NaN takes no part in; nil where none is left.
    init?(_ values: [Double]) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        if sorted.isEmpty { return nil }
        low = Quantile.linear(0.025, count: sorted.count) { sorted[$0] }
        high = Quantile.linear(0.975, count: sorted.count) { sorted[$0] }
    }
}
