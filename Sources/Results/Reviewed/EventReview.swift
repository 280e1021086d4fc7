import Ledger

/// The combined review of one event by all its reviewers.
package struct EventReview: Sendable, Equatable {
    /// The verdict on which the reviewers agree, or `disputed` if they do not.
    package enum Verdict: String, Sendable, CaseIterable, Codable {
        case accept
        case reject
        case unsure
        /// Verdicts or corrected labels differ.
        case disputed
    }

    package let verdict: Verdict
    /// The names of the reviewers, sorted.
    package let reviewers: [String]
    /// When it was last judged, in ISO 8601.
    package let judgedAt: String
    /// The correction in the last judgement. All reviewers gave the same label, unless the verdict is `disputed`.
    package let correction: Judgement.Correction

    init(verdict: Verdict, reviewers: [String], judgedAt: String, correction: Judgement.Correction) {
        self.verdict = verdict
        self.reviewers = reviewers
        self.judgedAt = judgedAt
        self.correction = correction
    }

    /// Combines the judgements of an event; nil if there are none.
    ///
    /// - Parameter judgements: the judgements in force of one event, in the order in which they were added. Only the
    ///   last one of each reviewer counts.
    package init?(_ judgements: [Judgement]) {
        guard let last = judgements.last else { return nil }
        var latest: [String: Judgement] = [:]
        for judgement in judgements { latest[judgement.reviewer] = judgement }
        reviewers = latest.keys.sorted()
        judgedAt = last.time
        let agree = latest.values.allSatisfy {
            $0.verdict == last.verdict && $0.correction.label == last.correction.label
        }
        verdict = agree ? Verdict(last.verdict) : .disputed
        correction = last.correction
    }

    /// Whether the event's own label is right, if its reviewers agree; nil if they disagree or are unsure.
    package var isRight: Bool? {
        switch verdict {
        case .accept: correction.label == nil
        case .reject: false
        case .unsure, .disputed: nil
        }
    }
}

extension EventReview.Verdict {
    package init(_ verdict: Judgement.Verdict) {
        switch verdict {
        case .accept: self = .accept
        case .reject: self = .reject
        case .unsure: self = .unsure
        }
    }
}

/// The judgements of one clip, matched to the events found in it now.
package struct ClipReviews: Sendable {
    /// A judged event that is no longer found.
    package struct Lost: Sendable, Equatable {
        /// Why no event matches.
        package enum Reason: String, Sendable {
            /// No event of the clip matches it, because the thresholds or scores differ.
            case notFound = "not found"
            /// The recording has changed since.
            case changed = "recording changed"
            /// The clip is no longer in the manifest, or has no scores.
            case noScores = "no scores"
        }

        /// The event as it was shown to its first reviewer.
        package let subject: Judgement.Subject
        package let review: EventReview
        package let judgements: [Judgement]
        package let reason: Reason
    }

    /// The judgements of each event, by the event's index.
    package private(set) var judgements: [Int: [Judgement]] = [:]
    /// The judged events that are no longer found, by start, then label.
    package private(set) var lost: [Lost] = []

    /// - Parameters:
    ///   - judgements: the clip's judgements, in the order in which they were added.
    ///   - events: the clip's events, by start; nil if the clip has no scores.
    ///   - content: the digest of the recording that the scores come from; nil if unknown, in which case the recording
    ///     is taken to be unchanged.
    package init(_ judgements: [Judgement], events: [Event]?, content: String?) {
        var places: [String: [Int]] = [:]
        for (index, event) in (events ?? []).enumerated() { places[event.label, default: []].append(index) }
        var left: [(judgement: Judgement, reason: Lost.Reason)] = []
        for judgement in judgements {
            let subject = judgement.subject
            guard let events else {
                left.append((judgement, .noScores))
                continue
            }
            guard content == nil || subject.content == content else {
                left.append((judgement, .changed))
                continue
            }
            let own = places[subject.label] ?? []
            let spans = own.map { JudgementMatch.Span(start: events[$0].start, end: events[$0].end) }
            if let found = JudgementMatch.event(of: subject.span, among: spans) {
                self.judgements[own[found], default: []].append(judgement)
            } else {
                left.append((judgement, .notFound))
            }
        }
        lost = Self.grouped(left)
    }

    /// The review of an event, by the event's index; nil if nobody judged it.
    package func review(_ index: Int) -> EventReview? { judgements[index].flatMap(EventReview.init) }

    /// Groups judgements of one event: those that share at least `JudgementMatch.leastShare` of an interval, whether by
    /// several reviewers or from several days.
    private static func grouped(_ left: [(judgement: Judgement, reason: Lost.Reason)]) -> [Lost] {
        var groups: [(first: Judgement.Subject, reason: Lost.Reason, judgements: [Judgement])] = []
        for (judgement, reason) in left {
            let subject = judgement.subject
            let place = groups.firstIndex {
                $0.reason == reason && $0.first.label == subject.label && $0.first.content == subject.content
                    && $0.first.span.share(with: subject.span) >= JudgementMatch.leastShare
            }
            if let place {
                groups[place].judgements.append(judgement)
            } else {
                groups.append((subject, reason, [judgement]))
            }
        }
        return groups.compactMap { group in
            EventReview(group.judgements).map {
                Lost(subject: group.first, review: $0, judgements: group.judgements, reason: group.reason)
            }
        }.sorted { ($0.subject.start, $0.subject.label) < ($1.subject.start, $1.subject.label) }
    }
}

extension Judgement.Subject {
    package var span: JudgementMatch.Span { JudgementMatch.Span(start: start, end: end) }
}
