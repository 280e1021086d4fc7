/// The judged events of one class, from which a threshold can be chosen when no clip's truth is known.
package struct JudgedEvents: Sendable, Equatable {
    package let name: String
    /// The highest value of the class's curve in each event, 0 to 1: an event is found if its peak reaches the
    /// threshold.
    package var peaks: [Float] = []
    /// Whether each event is of the class, according to its reviewers.
    package var isRight: [Bool] = []
    /// The lowest threshold with which these events were shown; 0 without events.
    package var shownFrom: Float = 0

    package init(name: String) { self.name = name }

    /// - Parameter threshold: the threshold with which the event was shown.
    package mutating func add(peak: Float, isRight: Bool, threshold: Float) {
        shownFrom = peaks.isEmpty ? threshold : min(shownFrom, threshold)
        peaks.append(peak)
        self.isRight.append(isRight)
    }
}

extension Calibrator {
    /// Calibrates each class's threshold from its judged events. Recall is relative to the events that were shown.
    /// Nothing is known below the threshold of the review, so no threshold is chosen below it.
    ///
    /// - Throws: `EvaluationError` if a peak is outside 0 to 1.
    package func calibrate(_ classes: [JudgedEvents]) throws -> Calibration {
        var found: [ClassCalibration] = []
        var drawn = 0
        for events in classes {
            if let bad = events.peaks.firstIndex(where: { !(0...1).contains($0) }) {
                throw EvaluationError.outOfRange(row: bad, className: events.name, value: events.peaks[bad])
            }
            let ranking = Ranking(count: events.peaks.count)
            let positives = events.isRight.indices.filter { events.isRight[$0] }.map { Int32($0) }
            events.peaks.withUnsafeBufferPointer { ranking.fill($0, positivePlaces: positives) }
            let isNeeded = positives.count >= max(1, least) && ranking.count - positives.count >= least
            let bootstrap =
                resamples > 0 && isNeeded ? Bootstrap(clips: ranking.count, resamples: resamples, seed: seed) : nil
            drawn = max(drawn, bootstrap?.resamples ?? 0)
            found.append(
                ClassCalibration(
                    name: events.name, positives: ranking.positives, negatives: ranking.count - ranking.positives,
                    outcome: outcome(ranking, bootstrap).atLeast(Double(events.shownFrom.description) ?? 0)))
        }
        return Calibration(
            clips: classes.reduce(0) { $0 + $1.peaks.count }, goal: goal, least: least, resamples: drawn, seed: seed,
            classes: found, unit: "event")
    }
}

extension ClassCalibration.Outcome {
    /// Raises a threshold and its interval to at least `lowest`. Without this, a threshold midway between the lowest
    /// score and 0 could lie where no events were ever shown.
    fileprivate func atLeast(_ lowest: Double) -> Self {
        guard case .threshold(let found) = self else { return self }
        var interval = found.interval
        if let old = interval {
            interval?.low = max(old.low, lowest)
            interval?.high = max(old.high, lowest)
        }
        return .threshold(
            ClassCalibration.Threshold(value: max(found.value, lowest), interval: interval, counts: found.counts))
    }
}
