/// Chooses each class's threshold from the clips' scores and the truth.
package struct Calibrator: Sendable {
    package var goal: ThresholdGoal
    /// Fewest clips with a class, and fewest without it, from which its threshold is chosen.
    package var least: Int
    /// Bootstrap resamples for the thresholds' intervals; 0 leaves them out.
    package var resamples: Int
    package var seed: UInt64

    package init(goal: ThresholdGoal = .bestF1, least: Int = 10, resamples: Int = 1000, seed: UInt64 = 1) {
        self.goal = goal
        self.least = least
        self.resamples = resamples
        self.seed = seed
    }

    /// Every class's threshold, in the table's order. It depends only on the scores, the truth and the settings.
    ///
    /// - Throws: `EvaluationError` if the truth does not have one row per clip and the table's classes, or if a score is
    ///   outside 0 to 1, where no threshold can separate it.
    package func calibrate(_ table: ScoreTable, truth: LabelTable) throws -> Calibration {
        try truth.requireFit(table)
        if let bad = table.scores.firstIndex(where: { !(0...1).contains($0) }) {
            throw EvaluationError.outOfRange(
                row: bad / table.classes.count, className: table.classes[bad % table.classes.count],
                value: table.scores[bad])
        }
        let clipsOf = truth.clipsByClass()
        let isNeeded = clipsOf.contains { $0.count >= least && table.clips - $0.count >= least }
        let bootstrap =
            resamples > 0 && table.clips > 0 && isNeeded
            ? Bootstrap(clips: table.clips, resamples: resamples, seed: seed) : nil
        let ranking = Ranking(count: table.clips)
        var classes: [ClassCalibration] = []
        table.forEachColumn { index, column in
            ranking.fill(column, positivePlaces: clipsOf[index])
            classes.append(
                ClassCalibration(
                    name: table.classes[index], positives: ranking.positives,
                    negatives: ranking.count - ranking.positives, outcome: outcome(ranking, bootstrap)))
        }
        return Calibration(
            clips: table.clips, goal: goal, least: least, resamples: bootstrap?.resamples ?? 0, seed: seed,
            classes: classes)
    }

    func outcome(_ ranking: Ranking, _ bootstrap: Bootstrap?) -> ClassCalibration.Outcome {
        guard ranking.positives > 0, ranking.positives >= least, ranking.count - ranking.positives >= least else {
            return .tooFewClips
        }
        guard let cut = ranking.cut(for: goal) else { return .neverReached(best: ranking.bestPrecision) }
        let drawn = bootstrap.map { $0.thresholds(ranking, goal: goal) } ?? []
        return .threshold(
            ClassCalibration.Threshold(
                value: ranking.threshold(cutAt: cut.end), interval: Interval(drawn),
                counts: ThresholdCounts(counted: cut.end, hits: cut.hits, positives: ranking.positives)))
    }
}
