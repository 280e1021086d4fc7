/// How chunk scores over time become events. `Docs/Events.md` states the rule, with cases worked by hand.
///
/// 1. The scores of the chunks that cover a moment are combined into one value, their geometric mean. So the curve of a class
///    is constant between the moments at which a chunk begins or ends.
/// 2. An event is a stretch over which the curve is at or above the release throughout and at or above the threshold somewhere.
///    No event reaches past the end of the recording.
/// 3. Two events of a class with less than `gap` between them become one.
/// 4. Events that are then shorter than `least` are dropped.
///
/// Why the geometric mean: a chunk responds to a sound even if it holds only part of it, so a brief sound raises the score of
/// every chunk that touches it, and all of those chunks cover the sound itself. The arithmetic mean and the maximum stay high
/// wherever one such chunk reaches: with one-second chunks that overlap by a half, events began half a second to a second early
/// (20 barks at known times in half an hour, YAMNet: of 13 detected, 3 and 2 began within 0.5 s of the bark). The geometric
/// mean is high only where the chunks agree: 12 of 13, with no more false ones. The minimum is sharper still, but loses sounds
/// where the overlap is large, as one wrong chunk in four is enough.
package struct EventRule: Sendable, Equatable {
    package var thresholds: Thresholds
    /// Seconds, 0 or more.
    package var gap: Double
    /// Seconds, 0 or more.
    package var least: Double

    package init(thresholds: Thresholds, gap: Double = 0, least: Double = 0) {
        precondition(gap >= 0 && least >= 0, "durations below nothing")
        self.thresholds = thresholds
        self.gap = gap
        self.least = least
    }
}

/// An event as `EventFinder` finds it, in samples.
package struct FoundEvent: Sendable, Equatable {
    /// The class's index.
    package let place: Int
    /// Samples from the recording's start.
    package let start: Int
    package let end: Int
    /// Mean of the curve over the event, including gaps that were bridged.
    package let score: Double
    /// The curve's maximum.
    package let peak: Float

    package init(place: Int, start: Int, end: Int, score: Double, peak: Float) {
        self.place = place
        self.start = start
        self.end = end
        self.score = score
        self.peak = peak
    }
}
