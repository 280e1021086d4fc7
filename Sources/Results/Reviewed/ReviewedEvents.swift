import Cache
import Corpora
import Errors
import Ledger
import Wording

/// Adds reviewers' judgements to the events that they belong to, on the way to an export.
package final class ReviewedEvents: EventSink {
    /// How an export treats judged events.
    package enum Form: Sendable {
        /// Every event stays as found, with its review added. Judged events that are no longer found are written too,
        /// without a score.
        case beside
        /// Rejected events are left out and corrections are applied; for formats that cannot hold a verdict.
        case applied
    }

    /// Counts of how judgements affected the export.
    package struct Summary: Sendable, Equatable {
        /// Rows that were written: events, and judged events that are no longer found.
        package var written = 0
        /// Events with a judgement.
        package var judged = 0
        /// Events left out because they were rejected; `corrected` counts events whose label or borders were corrected.
        package var rejected = 0
        package var corrected = 0
        /// The number of judged events that are no longer found, by the reason's raw value.
        package var lost: [String: Int] = [:]
        /// What is damaged in the file of judgements.
        package var damage: [String] = []
    }

    package private(set) var summary = Summary()
    private let history: JudgementHistory
    private let ledger: Ledger
    private let form: Form
    private let labels: Set<String>
    private let clips: ClipSelection
    private let inner: any EventSink
    private var clip: EventClip?
    private var isJudged = false
    private var events: [Event] = []
    private var seen: Set<ClipName> = []
    /// Clips without scores that the inner sink already knows about.
    private var missing: Set<ClipName> = []

    /// - Parameters:
    ///   - labels: the names of the exported classes; judgements of other classes are ignored.
    ///   - inner: the sink that receives the events.
    package init(
        _ contents: JudgementStore.Contents, ledger: Ledger, form: Form, labels: [String], clips: ClipSelection,
        inner: any EventSink
    ) {
        history = JudgementHistory(contents.rows)
        summary.damage = contents.damage
        self.ledger = ledger
        self.form = form
        self.labels = Set(labels)
        self.clips = clips
        self.inner = inner
    }

    package func begin(clip: EventClip) throws {
        try flush()
        self.clip = clip
        isJudged = !judgements(of: clip.name).isEmpty
        if isJudged { seen.insert(ClipName(clip.name)) }
        try inner.begin(clip: clip)
    }

    package func write(_ event: Event) throws {
        if isJudged { events.append(event) } else { try put(event) }
    }

    package func note(missing clip: EventClip, state: String) throws {
        missing.insert(ClipName(clip.name))
        try inner.note(missing: clip, state: state)
    }

    /// Writes the last clip's remaining events, and the judged events of clips that have no scores.
    ///
    /// - Parameter state: the state to report for a clip that the manifest does not name.
    /// - Throws: what the inner sink throws; `LedgerError`.
    package func finish(unknown state: String = "not in the manifest", writesClipsWithoutScores: Bool = true) throws {
        try flush()
        clip = nil
        for name in history.clips where !seen.contains(ClipName(name)) {
            let found = try ledger.clip(named: name)
            let path = found?.clip.path ?? ""
            let judgements = judgements(of: name)
            guard clips.contains(name: name, path: path), !judgements.isEmpty else { continue }
            let reviews = ClipReviews(judgements, events: nil, content: nil)
            for lost in reviews.lost { summary.lost[lost.reason.rawValue, default: 0] += 1 }
            guard form == .beside, writesClipsWithoutScores else { continue }
            let clip =
                try found.map { try EventClip($0.clip, seconds: $0.source?.seconds) }
                ?? EventClip(name: name, path: path, seconds: nil)
            if !missing.contains(ClipName(name)) { try inner.note(missing: clip, state: state) }
            try inner.begin(clip: clip)
            for lost in reviews.lost { try put(Event(lost, of: clip)) }
        }
    }

    private func judgements(of clip: String) -> [Judgement] {
        history.judgements(of: clip).filter { labels.contains($0.subject.label) }
    }

    private func put(_ event: Event) throws {
        try inner.write(event)
        summary.written += 1
    }

    private func flush() throws {
        defer { events.removeAll(keepingCapacity: true) }
        guard let clip, isJudged else { return }
        let content = try ledger.clip(named: clip.name)?.source?.content
        let reviews = ClipReviews(judgements(of: clip.name), events: events, content: content)
        for lost in reviews.lost { summary.lost[lost.reason.rawValue, default: 0] += 1 }
        var out: [Event] = []
        for (index, event) in events.enumerated() {
            guard let review = reviews.review(index) else {
                out.append(event)
                continue
            }
            summary.judged += 1
            switch form {
            case .beside:
                var event = event
                event.review = review
                out.append(event)
            case .applied:
                if review.verdict == .reject {
                    summary.rejected += 1
                    continue
                }
                let correction = review.verdict == .accept ? review.correction : Judgement.Correction()
                if correction != Judgement.Correction() { summary.corrected += 1 }
                out.append(event.corrected(correction, seconds: clip.recordingSeconds))
            }
        }
        if form == .beside { out += reviews.lost.map { Event($0, of: clip) } }
        // Events with equal starts keep their order: by class in the model's order, then those no longer found.
        for (_, event) in out.enumerated().sorted(by: { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) })
        {
            try put(event)
        }
    }
}

extension Event {
    /// A judged event that is no longer found, so it has no score.
    init(_ lost: ClipReviews.Lost, of clip: EventClip) {
        self.init(
            clip: lost.subject.clip, path: clip.path, start: lost.subject.start, end: lost.subject.end,
            label: lost.subject.label, score: .nan, peak: .nan,
            began: clip.began.flatMap { StartTime($0) }?.text(after: lost.subject.start))
        review = lost.review
    }

    /// Returns the event with a reviewer's label and borders; the end is limited to the recording's length.
    func corrected(_ correction: Judgement.Correction, seconds: Double?) -> Event {
        let start = correction.start ?? start
        let end = min(correction.end ?? end, seconds ?? .infinity)
        let isSpan = end > start
        let moved = isSpan ? start - self.start : 0
        return Event(
            clip: clip, path: path, start: isSpan ? start : self.start, end: isSpan ? end : self.end,
            label: correction.label ?? label, score: score, peak: peak,
            began: moved == 0 ? began : began.flatMap { StartTime($0) }?.text(after: moved))
    }
}

extension JudgementStore.Contents {
    /// The number of judgements in force, for an export's provenance.
    var text: String { counted(JudgementHistory(rows).count, "judgement") }
}
