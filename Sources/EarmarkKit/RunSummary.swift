import Cache
import Pipeline
import Sessions

/// How far a run is.
public struct RunProgress: Sendable, Hashable {
    /// Clips that this run has done so far, and that are durable.
    public let done: Int
    /// Clips that failed in this run so far.
    public let failed: Int
    /// Clips that this run has to do.
    public let total: Int
    /// Seconds of audio that went through so far, of clips under way too.
    public let seconds: Double
    /// Seconds of audio that there are, as far as can be told; nil before the first clip was opened.
    public let expectedSeconds: Double?
}

/// A clip that could not be done, and why.
public struct FailedClip: Sendable, Hashable {
    public let name: String
    /// The absolute path of its file.
    public let path: String
    /// One word for the kind of failure, such as `unreadable`, `unsupported`, `empty`, `truncated` or `changed`.
    public let failureClass: String
    /// What was found and what was expected.
    public let reason: String
    /// Where in the file, in sample frames from 0, where known.
    public let frame: Int?

    init(_ line: FailureLine) {
        name = line.clip
        path = line.path
        failureClass = "\(line.failureClass)"
        reason = line.reason
        frame = line.offset.map { Int($0) }
    }
}

/// What a run came to.
public struct RunSummary: Sendable, Hashable {
    /// Clips of the list.
    public let clips: Int
    /// Clips that this run did.
    public let done: Int
    /// Clips that were done before.
    public let doneBefore: Int
    /// Every clip of the list that stands as failed, those of earlier runs included, in the list's order.
    public let failures: [FailedClip]
    /// Whether the run was cancelled. What it did by then is kept.
    public let wasInterrupted: Bool
    /// What is no fault and still to be told, a line each: settings that changed, samples that were clipped, damage that was
    /// accepted.
    public let notes: [String]

    /// Clips that are neither done nor failed: 0 but for a run that was interrupted.
    public var pending: Int { clips - done - doneBefore - failures.count }

    /// ``failures`` by their class.
    public var failuresByClass: [String: [FailedClip]] { Dictionary(grouping: failures, by: \.failureClass) }

    init(_ report: RunSession.Report, failures: [FailedClip], changed: ChangedSettings?) {
        clips = report.plan.clipCount
        done = report.result.done
        doneBefore = report.plan.count(.done)
        self.failures = failures
        wasInterrupted = report.result.wasInterrupted
        notes =
            (changed.map { [$0.text] } ?? []) + report.notes
            + (report.clipping.samples > 0 ? [report.clipping.text] : []) + report.accepted.lines
    }
}
