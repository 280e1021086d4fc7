/// The rule that assigns a judgement to an event when events are found again with other thresholds. `Docs/Review.md`
/// states it.
///
/// Of the events of the judgement's clip and class, it chooses:
/// 1. the one whose interval overlaps the judged one most, measured as intersection over union, if that is at least one
///    half (the earlier of equals);
/// 2. otherwise, if only one event overlaps the judged interval and it lies within it, that one: a higher threshold has
///    cut the event down to its clearest part.
///
/// An event that has grown far beyond the judged interval contains sound that nobody judged, so it counts as not
/// judged. A rule that accepts any overlap was rejected: if a lower threshold merges three barks into one event, the
/// judgement of one bark would count for all three.
package enum JudgementMatch {
    /// The least intersection over union for a match.
    package static let leastShare = 0.5

    /// The interval of an event or a judgement, in seconds.
    package struct Span: Sendable, Equatable {
        package let start: Double
        package let end: Double

        package init(start: Double, end: Double) {
            self.start = start
            self.end = end
        }

        /// The intersection over union of the two intervals, 0 to 1.
        package func share(with other: Span) -> Double {
            let common = min(end, other.end) - max(start, other.start)
            guard common > 0 else { return 0 }
            return common / (max(end, other.end) - min(start, other.start))
        }

        /// Whether the interval lies within another. Tables keep times to the microsecond, so smaller differences are
        /// ignored.
        func lies(within other: Span) -> Bool { start >= other.start - 1e-6 && end <= other.end + 1e-6 }
    }

    /// Returns the index of the event that a judgement belongs to; nil if there is none.
    ///
    /// - Parameter events: the events of the judgement's clip and class, by start.
    package static func event(of judged: Span, among events: [Span]) -> Int? {
        var best: (index: Int, share: Double)?
        var touching = 0
        for (index, event) in events.enumerated() {
            let share = event.share(with: judged)
            if share > 0 { touching += 1 }
            if share > best?.share ?? 0 { best = (index, share) }
        }
        guard let best else { return nil }
        if best.share >= leastShare { return best.index }
        return touching == 1 && events[best.index].lies(within: judged) ? best.index : nil
    }
}
