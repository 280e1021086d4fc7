import Corpora
import Ledger

/// The truth of each clip and class, as far as reviewers' judgements of events establish it.
///
/// - A clip has a class if one of its events of that class was accepted, or another event's label was corrected to it.
/// - It does not have the class if every event of the class that is found in the clip was judged, and each was rejected
///   or had its label corrected to another class.
/// - Otherwise the truth is unknown: an event that nobody judged, or that its reviewers dispute or are unsure of, may
///   be of the class.
///
/// Judged events that are no longer found count too, unless the recording has changed.
package struct ClipVerdicts: Sendable {
    /// What is known of one clip and class.
    package struct Verdict: Sendable, Equatable {
        /// Whether the clip has the class; nil if unknown.
        package let has: Bool?
        /// The combined review, as exported.
        package let review: EventReview
    }

    /// The verdicts by clip, then by class name; only those of judged clips and classes.
    private var verdicts: [ClipName: [String: Verdict]] = [:]

    /// - Parameters:
    ///   - source: the source of the events; only clips with judgements are read.
    ///   - ledger: the ledger that the source reads.
    /// - Throws: what `EventSource.forEach(_:)` throws.
    package init(_ contents: JudgementStore.Contents, source: EventSource, ledger: Ledger) throws {
        let history = JudgementHistory(contents.rows)
        guard !history.isEmpty else { return }
        var source = source
        source.only = Set(history.clips.map { ClipName($0) })
        var found: [ClipName: [String: Verdict]] = [:]
        _ = try source.forEachClip { clip, events in
            let content = try ledger.clip(named: clip.name)?.source?.content
            let reviews = ClipReviews(history.judgements(of: clip.name), events: events, content: content)
            found[ClipName(clip.name)] = Self.verdicts(events, reviews)
        }
        verdicts = found
    }

    package subscript(clip: String) -> [String: Verdict] { verdicts[ClipName(clip)] ?? [:] }
    /// The number of clips with judgements.
    package var clips: Int { verdicts.count }

    /// The verdicts of one clip, by class.
    ///
    /// - Parameter events: the events found in the clip now.
    package static func verdicts(_ events: [Event], _ reviews: ClipReviews) -> [String: Verdict] {
        var judged: [String: [Judgement]] = [:]
        var accepted: Set<String> = []
        var rejected: Set<String> = []
        var open: Set<String> = []
        func take(_ label: String, _ review: EventReview, _ judgements: [Judgement]) {
            judged[label, default: []] += judgements
            if review.verdict == .accept, let other = review.correction.label {
                judged[other, default: []] += judgements
                accepted.insert(other)
            }
            switch review.isRight {
            case true?: accepted.insert(label)
            case false?: rejected.insert(label)
            case nil: open.insert(label)
            }
        }
        for (index, event) in events.enumerated() {
            if let judgements = reviews.judgements[index], let review = EventReview(judgements) {
                take(event.label, review, judgements)
            } else {
                open.insert(event.label)
            }
        }
        // Judgements of a recording that has since changed are not evidence for the present one.
        for lost in reviews.lost where lost.reason == .notFound {
            take(lost.subject.label, lost.review, lost.judgements)
        }
        return judged.reduce(into: [:]) { found, entry in
            let (label, judgements) = (entry.key, entry.value.sorted { $0.id < $1.id })
            let has: Bool? =
                accepted.contains(label) ? true : open.contains(label) ? nil : rejected.contains(label) ? false : nil
            guard let last = judgements.last else { return }
            found[label] = Verdict(
                has: has,
                review: EventReview(
                    verdict: has.map { $0 ? .accept : .reject } ?? .unsure,
                    reviewers: Set(judgements.map(\.reviewer)).sorted(), judgedAt: last.time,
                    correction: Judgement.Correction()))
        }
    }
}
