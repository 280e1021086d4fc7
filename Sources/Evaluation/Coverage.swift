import Tables
import Wording

/// How many of a cache's clips a report or an export is of.
package struct Coverage: Sendable, Equatable, Codable {
    /// Clips of the manifest of the cache's last run; the three parts add up to it.
    package let clips: Int
    /// Those that the report is of.
    package let done: Int
    package let failed: Int
    package let pending: Int

    /// - Parameter failed: as far as clips that are not done can be.
    package init(clips: Int, done: Int, failed: Int) {
        self.clips = clips
        self.done = done
        self.failed = min(failed, clips - done)
        pending = clips - done - self.failed
    }

    package var isWhole: Bool { done == clips }

    /// In words, as it stands on the first line of a report.
    package var text: String { "\(done) of \(counted(clips, "clip")): \(failed) failed, \(pending) pending" }

    var json: JSONText {
        .object([
            ("clips", .integer(clips)), ("done", .integer(done)), ("failed", .integer(failed)),
            ("pending", .integer(pending)),
        ])
    }
}

/// How a truth and the clips with scores cover one another.
package struct TruthCoverage: Sendable, Equatable {
    /// Clips that the truth names.
    package let clips: Int
    /// Those of them that have scores: what the metrics are of.
    package let scored: Int
    /// Clips with scores that the truth does not name.
    package let others: Int
    /// Clips with scores that the truth names without a label: each class counts as not there.
    package let unlabelled: Int

    /// - Parameters:
    ///   - clips: clips of the truth.
    ///   - scored: those that have scores.
    ///   - others: clips with scores that the truth does not name.
    ///   - unlabelled: clips of the truth without a label.
    package init(clips: Int, scored: Int, others: Int, unlabelled: Int = 0) {
        self.clips = clips
        self.scored = scored
        self.others = others
        self.unlabelled = unlabelled
    }

    package var text: String {
        "of the truth's \(counted(clips, "clip")) \(scored) with and \(clips - scored) without scores; "
            + "\(counted(others, "clip")) with scores not in the truth"
            + (unlabelled > 0 ? "; \(counted(unlabelled, "clip")) without a label, taken as having no class" : "")
    }

    var json: JSONText {
        .object([
            ("clips", .integer(clips)), ("with_scores", .integer(scored)), ("without_scores", .integer(clips - scored)),
            ("scores_without_truth", .integer(others)), ("without_labels", .integer(unlabelled)),
        ])
    }
}
