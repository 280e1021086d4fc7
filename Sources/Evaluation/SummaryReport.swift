/// The whole of the statistics: one report a class, and what they come to.
package struct SummaryReport: Sendable, Equatable {
    package var clips: Int
    package var hours: Double
    /// A clip counts as having a class from this score upwards.
    package var threshold: Float
    package var classes: [ClassReport]
    /// nil where no truth was given.
    package var truth: Truth?
    /// Where it is made of a cache's scores.
    package var coverage: Coverage?
    /// Where a truth was given.
    package var truthCoverage: TruthCoverage?
    /// Clips that count nothing in the hours, as the ledger of an earlier version did not keep their lengths.
    package var clipsWithoutLength = 0
    /// Clips whose last frames, two at most, were taken for silence, as the cache was made with another overlap.
    package var clipsWithSilencedEnd = 0

    /// What the truth adds. Values are NaN where they are not defined.
    package struct Truth: Sendable, Equatable {
        /// Classes with both positive and negative clips: the macro means are over these.
        package var scoredClasses: Int
        /// What stands where the macro means are not defined.
        package static let undefinedMeans = "no class has both positive and negative clips"
        /// Mean average precision over the scored classes.
        package var meanAveragePrecision: Double
        /// Mean AUC over the scored classes, and d' of that mean.
        package var meanAUC: Double
        package var dPrime: Double
        /// Average precision of all clips and classes as one ranking.
        package var microAveragePrecision: Double
        /// Label-weighted label-ranking average precision over clips with a label.
        package var lwlrap: Double
        /// Clips with exactly one label, and the share of them whose best class is it.
        package var singleLabelClips: Int
        package var topOneAccuracy: Double
        /// 95 % intervals, by bootstrap over clips.
        package var meanAveragePrecisionInterval: Interval?
        package var meanAUCInterval: Interval?
        package var dPrimeInterval: Interval?
        package var lwlrapInterval: Interval?
        package var topOneAccuracyInterval: Interval?
        /// How many resamples the intervals stand on; 0 for none.
        package var resamples: Int
    }
}
