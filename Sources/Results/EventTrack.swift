/// One class's curve as it becomes events: the current run at or above the release, and the last event while another may still
/// join it.
struct EventTrack {
    /// A stretch of the curve.
    struct Stretch {
        var start: Int
        var end: Int
        /// Sum of the curve's values over its samples.
        var sum: Double
        var peak: Float
    }

    /// The current run at or above the release.
    private var run: Stretch?
    /// An event that has ended, and that the next one joins if it begins soon enough.
    private var last: Stretch?
    /// The curve's sum from the end of `last` to the start of `run`, or to now.
    private var between = 0.0

    /// Whether the next value can do anything but begin a run.
    var isBusy: Bool { run != nil || last != nil }
    /// The earliest start of an event that is not settled yet.
    var earliest: Int? { last?.start ?? run?.start }

    /// Takes the next stretch over which the curve has one value; NaN where a skipped chunk reaches, which is below any
    /// release, and counts as 0 in the mean of an event that bridges it. Stretches of a class must be consecutive, except that those
    /// below the release may be left out while the track is not busy.
    ///
    /// - Returns: an event that nothing can join any more, if there is one.
    mutating func add(
        _ value: Float, from start: Int, to end: Int, threshold: Float, release: Float, gap: Double
    ) -> Stretch? {
        let part = Double(value.isNaN ? 0 : value) * Double(end - start)
        var settled: Stretch?
        if value >= release {
            var grown = run ?? Stretch(start: start, end: end, sum: 0, peak: value)
            grown.end = end
            grown.sum += part
            grown.peak = max(grown.peak, value)
            run = grown
        } else {
            closeRun(threshold)
            if let last {
                between += part
                if Double(end - last.end) >= gap { settled = settle(last) }
            }
        }
        return settled
    }

    /// - Returns: the last event, if one is not settled yet.
    mutating func finish(threshold: Float) -> Stretch? {
        closeRun(threshold)
        return last.map { settle($0) }
    }

    private mutating func settle(_ event: Stretch) -> Stretch {
        last = nil
        between = 0
        return event
    }

    private mutating func closeRun(_ threshold: Float) {
        guard let ended = run else { return }
        run = nil
        guard ended.peak >= threshold else {
            // Not an event, but part of the gap between two.
            if last != nil { between += ended.sum }
            return
        }
        if var joined = last {
            joined.end = ended.end
            joined.sum += between + ended.sum
            joined.peak = max(joined.peak, ended.peak)
            last = joined
        } else {
            last = ended
        }
        between = 0
    }
}
