import Wording

/// The thresholds of a model's classes, chosen from labelled truth.
package struct Calibration: Sendable, Equatable {
    /// Clips with scores and truth.
    package let clips: Int
    package let goal: ThresholdGoal
    /// Fewest clips with a class, and without it, from which a threshold is chosen.
    package let least: Int
    /// How many resamples the thresholds' intervals are based on; 0 for none.
    package let resamples: Int
    package let seed: UInt64
    /// What was counted: `clip`, or `event`.
    package let unit: String
    /// In the model's order.
    package let classes: [ClassCalibration]

    package init(
        clips: Int, goal: ThresholdGoal, least: Int, resamples: Int, seed: UInt64, classes: [ClassCalibration],
        unit: String = "clip"
    ) {
        self.clips = clips
        self.goal = goal
        self.least = least
        self.resamples = resamples
        self.seed = seed
        self.classes = classes
        self.unit = unit
    }

    /// Classes that have a threshold of their own.
    package var found: Int { classes.count { $0.threshold != nil } }
}

/// One class of a calibration.
package struct ClassCalibration: Sendable, Equatable {
    /// The outcome for a class.
    package enum Outcome: Sendable, Equatable {
        case threshold(Threshold)
        /// Fewer clips with the class, or without it, than required: the class keeps its default.
        case tooFewClips
        /// No threshold reaches the requested precision; `best` is the highest that any reaches. The class keeps its default.
        case neverReached(best: Double)
    }

    /// A threshold, and how it does on the clips that it was chosen on: on others it will do somewhat worse.
    package struct Threshold: Sendable, Equatable {
        /// A clip counts as having the class from this score upwards.
        package let value: Double
        /// 95 %, by bootstrap over clips; nil if not requested. Resamples without the class, or that never reach the requested
        /// precision, are left out.
        package let interval: Interval?
        package let counts: ThresholdCounts
    }

    package let name: String
    /// Clips that truly have the class, and clips that do not.
    package let positives: Int
    package let negatives: Int
    package let outcome: Outcome

    package var threshold: Threshold? { if case .threshold(let found) = outcome { found } else { nil } }

    /// Why the class has no threshold of its own; nil where it has one.
    ///
    /// - Parameter calibration: the calibration that the class belongs to.
    package func reason(in calibration: Calibration) -> String? {
        switch outcome {
        case .threshold: return nil
        case .tooFewClips:
            let (count, side) = positives < calibration.least ? (positives, "with") : (negatives, "without")
            return "\(counted(count, calibration.unit)) \(side) it, expected at least \(max(1, calibration.least))"
        case .neverReached(let best):
            return "no threshold has a \(calibration.goal); the best has \(HTMLText.number(best))"
        }
    }
}
