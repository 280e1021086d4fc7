import Audio

/// A stretch of a recording in which a class was detected.
package struct Event: Sendable, Equatable {
    /// The clip's name in the manifest.
    package let clip: String
    /// Absolute path of its recording, from the manifest of the last run.
    package let path: String
    /// Seconds in the recording, from 0 and with start < end; end is never past the end of the recording.
    package let start: Double
    package let end: Double
    /// The class's name.
    package let label: String
    /// Mean of the class's curve over the event, 0 to 1.
    package let score: Double
    /// The curve's maximum over the event, 0 to 1.
    package let peak: Double
    /// When the event began, in ISO 8601 with its time zone; nil if the recording's own start is not known.
    package let began: String?
    /// What reviewers said of it; nil if nobody judged it, or nobody asked.
    package var review: EventReview?

    package init(
        clip: String, path: String, start: Double, end: Double, label: String, score: Double, peak: Double,
        began: String? = nil
    ) {
        self.clip = clip
        self.path = path
        self.start = start
        self.end = end
        self.label = label
        self.score = score
        self.peak = peak
        self.began = began
    }
}

/// A recording, or a part of one, whose events are written, even if it has none.
package struct EventClip: Sendable, Equatable {
    package let name: String
    /// Absolute path.
    package let path: String
    /// The clip's own length in seconds, without padding; nil if it was run by a version of Earmark that did not store it.
    package let seconds: Double?
    /// The part of the recording that the clip is; nil for all of it.
    package let part: RecordingPart?
    /// When the recording began, in ISO 8601 with its time zone, if known.
    package let began: String?
    /// The manifest's further columns, as the ledger has them; nil if there are none.
    package let metadata: String?

    package init(
        name: String, path: String, seconds: Double?, began: String? = nil, part: RecordingPart? = nil,
        metadata: String? = nil
    ) {
        self.part = part
        self.name = name
        self.path = path
        self.seconds = seconds
        self.began = began
        self.metadata = metadata
    }
    /// Where the clip begins and ends, in seconds from the recording's start; the end is nil if it is not known.
    package var start: Double { part?.startSeconds ?? 0 }
    package var end: Double? { seconds.map { start + $0 } }
    /// The whole recording's length in seconds; nil if it is not known, as where only a part was heard that ends before it.
    package var recordingSeconds: Double? { part?.end == nil ? end : nil }
}
