import Tables
import Wording

/// How many of a cache's clips a report or an export covers.
package struct Coverage: Sendable, Equatable, Codable {
    /// Clips of the manifest of the cache's last run; the three parts add up to it.
    package let clips: Int
    /// Clips that the report covers.
    package let done: Int
    package let failed: Int
    package let pending: Int
    /// What no model heard of the clips that are done; nil if the pipeline leaves nothing out.
    package var skipped: Skipped?

    /// Chunks that were left out of inference because of their level.
    package struct Skipped: Sendable, Equatable, Codable {
        /// The level in dBFS below which chunks are left out.
        package let below: Double
        package var chunks = 0
        /// Seconds of audio that only such chunks cover.
        package var seconds = 0.0
        /// Clips that have no other chunk, and so no scores.
        package var clips = 0

        private enum CodingKeys: String, CodingKey {
            case chunks, seconds, clips
            case below = "below_dbfs"
        }

        package init(below: Double) { self.below = below }

        /// In words, for a line of its own.
        package var text: String {
            let words = "skipped: \(grouped(chunks)) \(chunks == 1 ? "chunk" : "chunks"), \(Self.hours(seconds)) hours"
            return "\(words) below \(below) dBFS; "
                + (clips == 0
                    ? "no clip as a whole"
                    : "\(counted(clips, "clip")) as a whole, \(clips == 1 ? "which has" : "which have") no scores")
        }

        private static func hours(_ seconds: Double) -> String { HTMLText.number(seconds / 3600) }

        var json: JSONText {
            .object([
                ("below_dbfs", .number(below)), ("chunks", .integer(chunks)), ("seconds", .number(seconds)),
                ("clips", .integer(clips)),
            ])
        }
    }

    /// - Parameter failed: capped at the number of clips that are not done.
    package init(clips: Int, done: Int, failed: Int) {
        self.clips = clips
        self.done = done
        self.failed = min(failed, clips - done)
        pending = clips - done - self.failed
    }

    package var isWhole: Bool { done == clips }

    /// In words, for the first line of a report.
    package var text: String { "\(done) of \(counted(clips, "clip")): \(failed) failed, \(pending) pending" }

    var json: JSONText {
        var members: [(String, JSONText)] = [
            ("clips", .integer(clips)), ("done", .integer(done)), ("failed", .integer(failed)),
            ("pending", .integer(pending)),
        ]
        if let skipped { members.append(("skipped", skipped.json)) }
        return .object(members)
    }
}

/// How far a truth and the clips with scores overlap.
package struct TruthCoverage: Sendable, Equatable {
    /// Clips that the truth names.
    package let clips: Int
    /// Clips of the truth that have scores: those that the metrics are computed on.
    package let scored: Int
    /// Clips with scores that the truth does not name.
    package let others: Int
    /// Clips with scores that the truth names without a label: each class counts as absent.
    package let unlabelled: Int
    /// Clips of the truth that were skipped as a whole because of their level; they are among those without scores.
    package let skipped: Int
    /// Labels of the clips that are scored, each found among the classes.
    package let labels: Int
    /// A text on the labels that were deliberately ignored, and by which file; nil if there were none.
    package let dropped: String?

    /// - Parameters:
    ///   - clips: clips of the truth.
    ///   - scored: those that have scores.
    ///   - others: clips with scores that the truth does not name.
    ///   - skipped: clips of the truth that were skipped as a whole.
    ///   - unlabelled: clips of the truth without a label.
    ///   - labels: labels that the label map left out.
    ///   - dropped: those labels in words.
    package init(
        clips: Int, scored: Int, others: Int, skipped: Int = 0, unlabelled: Int = 0, labels: Int = 0,
        dropped: String? = nil
    ) {
        self.skipped = skipped
        self.clips = clips
        self.scored = scored
        self.others = others
        self.unlabelled = unlabelled
        self.labels = labels
        self.dropped = dropped
    }

    /// In words, for the first line of an output.
    package var text: String {
        let covered =
            "of the truth's \(counted(clips, "clip")) \(scored) with and \(clips - scored) without scores"
            + (skipped > 0 ? " (\(skipped) skipped for their level)" : "") + "; "
            + "\(counted(others, "clip")) with scores not in the truth; \(counted(labels, "label")) matched"
        let left = dropped.map { "; " + $0 } ?? ""
        return covered + left
            + (unlabelled > 0 ? "; \(counted(unlabelled, "clip")) without a label, taken as having no class" : "")
    }

    /// What a report leaves out because the truth does not name it; nil if that is nothing.
    package var limit: String? {
        if others == 0 { return nil }
        return "all columns, also counts and hours, are of the \(counted(scored, "clip")) with scores in the truth; "
            + "\(counted(others, "other clip")) \(others == 1 ? "is" : "are") left out"
    }

    var json: JSONText {
        var members: [(String, JSONText)] = [
            ("clips", .integer(clips)), ("with_scores", .integer(scored)), ("without_scores", .integer(clips - scored)),
            ("scores_without_truth", .integer(others)), ("without_labels", .integer(unlabelled)),
            ("labels", .integer(labels)),
        ]
        if skipped > 0 { members.append(("skipped", .integer(skipped))) }
        if let dropped { members.append(("dropped", .string(dropped))) }
        return .object(members)
    }
}
