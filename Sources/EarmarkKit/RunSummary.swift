import Cache
import Pipeline
import Sessions

/// The progress of a run.
public struct RunProgress: Sendable, Hashable {
    /// The number of clips that this run has done so far and that are durable.
    public let done: Int
    /// The number of clips that have failed in this run so far.
    public let failed: Int
    /// The number of clips that this run has to process.
    public let total: Int
    /// The seconds of audio processed so far, including clips still in progress.
    public let seconds: Double
    /// The estimated total in seconds of audio; nil until the first clip has been opened.
    public let expectedSeconds: Double?
}

/// A clip that could not be processed, and why.
public struct FailedClip: Sendable, Hashable {
    public let name: String
    /// The absolute path of the clip's file.
    public let path: String
    /// A word for the kind of failure, such as `unreadable`, `unsupported`, `empty`, `truncated` or `changed`.
    public let failureClass: String
    /// What was found and what was expected.
    public let reason: String
    /// The place in the file, in sample frames from 0, if known.
    public let frame: Int?

    init(_ line: FailureLine) {
        name = line.clip
        path = line.path
        failureClass = "\(line.failureClass)"
        reason = line.reason
        frame = line.offset.map { Int($0) }
    }
}

/// The outcome of a run.
public struct RunSummary: Sendable, Hashable {
    /// The number of clips in the list.
    public let clips: Int
    /// The number of clips that this run did.
    public let done: Int
    /// The number of clips that were done before.
    public let doneBefore: Int
    /// The clips of the list that are recorded as failed, including those of earlier runs, in the list's order.
    public let failures: [FailedClip]
    /// Whether the run was cancelled. What it did before then is kept.
    public let wasInterrupted: Bool
    /// Notices that are not errors, one line each: settings that changed, samples that were clipped, damage that was
    /// accepted.
    public let notes: [String]

    /// The number of clips that are neither done nor failed: 0 unless the run was interrupted.
    public var pending: Int { clips - done - doneBefore - failures.count }

    /// The ``failures``, grouped by class.
    public var failuresByClass: [String: [FailedClip]] { Dictionary(grouping: failures, by: \.failureClass) }

    init(_ report: RunSession.Report, failures: [FailedClip], changed: ChangedSettings?) {
        clips = report.plan.clipCount
        done = report.result.done
        doneBefore = report.plan.count(.done)
        self.failures = failures
        wasInterrupted = report.result.wasInterrupted
        notes =
            (changed.map { [$0.text] } ?? []) + report.notes
            + (report.clipping.samples > 0 ? [report.clipping.text()] : []) + report.accepted.lines
    }
}
