/// The complete statistics: one report per class, and the totals.
package struct SummaryReport: Sendable, Equatable {
    /// The clips that were heard, and their hours, with those in `skipped`.
    package var clips: Int
    package var hours: Double
    /// The clips that were heard and have no scores, because all of them is below the level of `skip-below`.
    package var skipped = Skipped()
    /// The scores from which a clip counts as having a class.
    package var thresholds: ClassThresholds
    package var classes: [ClassReport]
    /// nil if no truth was given.
    package var truth: Truth?
    /// Set if the report is made from a cache's scores.
    package var coverage: Coverage?
    /// Set if a truth was given.
    package var truthCoverage: TruthCoverage?
    /// Clips without stored chunk scores, for which the hours above the thresholds are not known.
    package var clipsWithoutChunkScores = 0
    /// What the report was made from, if known.
    package var origin: Origin?
    /// Clips that add nothing to the hours because the ledger of an earlier version did not store their lengths.
    package var clipsWithoutLength = 0
    /// Clips whose last frames, at most two, were treated as silence because the cache was made with another overlap.
    package var clipsWithSilencedEnd = 0

    /// Clips without scores, and their hours.
    package struct Skipped: Sendable, Equatable {
        package var clips: Int
        package var hours: Double

        package init(clips: Int = 0, hours: Double = 0) {
            self.clips = clips
            self.hours = hours
        }
    }

    /// The clips with scores, of which the classes' figures are.
    package var scoredClips: Int { clips - skipped.clips }

    /// Metrics against the truth. Values are NaN if they are not defined.
    package struct Truth: Sendable, Equatable {
        /// Classes with both positive and negative clips: the macro means are over these.
        package var scoredClasses: Int
        /// Shown when the macro means are not defined.
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
        /// Clips with exactly one label, and the share of them whose top-ranked class is that label.
        package var singleLabelClips: Int
        package var topOneAccuracy: Double
        /// 95 % intervals, by bootstrap over clips.
        package var meanAveragePrecisionInterval: Interval?
        package var meanAUCInterval: Interval?
        package var dPrimeInterval: Interval?
        package var lwlrapInterval: Interval?
        package var topOneAccuracyInterval: Interval?
        /// How many resamples the intervals are based on; 0 for none.
        package var resamples: Int
    }

    /// Where the thresholds come from, in words.
    package var thresholdText: String { thresholds.text(classes.map(\.name)) }
}
