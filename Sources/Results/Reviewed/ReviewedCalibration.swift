import Cache
import Corpora
import Evaluation
import Ledger
import Sessions

/// Calibrates classes from the events that reviewers judged.
package struct ReviewedCalibration {
    /// Counts of the judged events that were used and left out.
    package struct Use: Sendable, Equatable {
        /// Judged events that all their reviewers accepted or all rejected.
        package var used = 0
        package var unsure = 0
        package var disputed = 0
        /// Judged by the scores of another model or other settings, so their peaks cannot be compared with these
        /// scores.
        package var otherScores = 0
        /// How those scores were made otherwise, as far as the cache knows it; a line each.
        package var otherSettings: [String] = []
        /// Of classes that the model does not have.
        package var otherClasses = 0
        /// What is damaged in the file of judgements.
        package var damage: [String] = []

        /// The counts of what was left out, and why, in words; nil if nothing was.
        package var leftOut: String? {
            let counts = [
                (unsure, "unsure"), (disputed, "disputed"),
                (
                    otherScores,
                    "judged by scores of another model or other settings"
                        + (otherSettings.isEmpty ? "" : " (\(otherSettings.joined(separator: "; ")))")
                ),
                (otherClasses, "of other classes"),
            ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            return counts.isEmpty ? nil : "left out: " + counts.joined(separator: ", ")
        }

        /// The counts in words.
        package var text: String {
            "\(used) judged events" + (leftOut.map { "; " + $0 } ?? "")
                + "; precision and recall are of the events that were shown, and nothing is known below the threshold "
                + "of the review"
        }
    }

    /// A calibration, and the data it is based on.
    package struct Result: Sendable {
        package let calibration: Calibration
        package let use: Use
        package let coverage: Coverage
        package let pipeline: PipelineRecord
    }

    private let cache: CacheFolder
    private let pipeline: String?

    /// - Parameter pipeline: the pipeline's name; nil for the most recently run one that keeps chunk scores.
    package init(cache: CacheFolder, pipeline: String?) {
        self.cache = cache
        self.pipeline = pipeline
    }

    /// Calibrates the classes of the pipeline's model.
    ///
    /// - Throws: `CacheError` if the pipeline keeps no chunk scores; `LedgerError` if the ledger or the judgements
    ///   cannot be read, or there are none; `EvaluationError` if a peak is outside 0 to 1.
    package func calibrate(_ calibrator: Calibrator) throws -> Result {
        let ledger = try cache.reading()
        let contents = try cache.judgements.required()
        let scored = try PipelineChoice.chunkScored(ledger, name: pipeline)
        let classes = ScoredModel(scored).names.names
        let history = JudgementHistory(contents.rows)
        var (events, use) = Self.events(history, classes, stage: scored.stage.fingerprint)
        if use.otherScores > 0 {
            let stages = Set(history.clips.flatMap { history.judgements(of: $0).map(\.subject.stage) })
            use.otherSettings = try OtherScores(ledger, scored).differences(
                of: stages.subtracting([scored.stage.fingerprint]).sorted())
        }
        use.damage = contents.damage
        let counts = try ledger.counts(for: scored.pipeline)
        return Result(
            calibration: try calibrator.calibrate(events), use: use,
            coverage: Coverage(clips: counts.clips, done: counts.done, failed: counts.failed), pipeline: scored.pipeline
        )
    }

    /// The judged events of each class. Judgements of one interval, by several reviewers or from several days, count as
    /// one event.
    ///
    /// - Parameter stage: the fingerprint of the stage whose scores are calibrated.
    package static func events(
        _ history: JudgementHistory, _ classes: [String], stage: String
    ) -> (events: [JudgedEvents], use: Use) {
        var use = Use()
        var events = classes.map { JudgedEvents(name: $0) }
        let places = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
        for clip in history.clips {
            let judgements = history.judgements(of: clip)
            let own = judgements.filter { $0.subject.stage == stage }
            let foreign = ClipReviews(judgements.filter { $0.subject.stage != stage }, events: nil, content: nil).lost
            use.otherScores += foreign.count
            // No events are given, so judgements are grouped by their own intervals.
            for group in ClipReviews(own, events: nil, content: nil).lost {
                guard let place = places[group.subject.label] else {
                    use.otherClasses += 1
                    continue
                }
                switch group.review.verdict {
                case .unsure: use.unsure += 1
                case .disputed: use.disputed += 1
                case .accept, .reject:
                    use.used += 1
                    events[place].add(
                        peak: Float(group.subject.peak), isRight: group.review.isRight == true,
                        threshold: Float(group.judgements.map(\.subject.threshold).min() ?? group.subject.threshold))
                }
            }
        }
        return (events, use)
    }
}
