/// How well a threshold does: counts of clips at or above it, and the metrics from them.
package struct ThresholdCounts: Sendable, Equatable {
    /// Clips at or above the threshold, and how many of them truly have the class.
    package let counted: Int
    package let hits: Int
    /// Clips that truly have the class.
    package let positives: Int

    package init(counted: Int, hits: Int, positives: Int) {
        self.counted = counted
        self.hits = hits
        self.positives = positives
    }

    /// Share of the counted clips that have the class; NaN if none is counted.
    package var precision: Double { Double(hits) / Double(counted) }
    /// Share of the clips with the class that are counted; NaN if there are none.
    package var recall: Double { Double(hits) / Double(positives) }
    /// The harmonic mean of both; like the best F1, NaN if no clip has the class.
    package var f1: Double { positives == 0 ? .nan : 2 * Double(hits) / Double(counted + positives) }
    /// 95 %, Wilson's; nil if the proportion is not defined.
    package var precisionInterval: Interval? { .wilson(hits, of: counted) }
    package var recallInterval: Interval? { .wilson(hits, of: positives) }
}
