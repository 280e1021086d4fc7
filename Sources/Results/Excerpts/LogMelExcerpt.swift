import Features

/// The log-mel frames of a stretch of a recording.
package struct LogMelExcerpt: Sendable, Equatable {
    /// The frames, shape (frames, bands), row-major, low bands first; in the front-end's logarithm.
    package let values: [Float]
    package let frontEnd: FrontEnd
    /// The middle of the first frame's window, in seconds of the recording.
    package let first: Double
    /// The stretch, in seconds of the recording, clamped to the recording's length.
    package let window: Range<Double>
    /// Whether the frames were in the cache; otherwise they were computed from the recording's file.
    package let isFromCache: Bool
    /// Whether cached rows were compared with their digest. They are not if the clip has more than 16 MiB of rows, as
    /// reading them all would take seconds.
    package let isChecked: Bool

    package init(
        values: [Float], frontEnd: FrontEnd, first: Double, window: Range<Double>, isFromCache: Bool = false,
        isChecked: Bool = false
    ) {
        precondition(values.count % frontEnd.bands == 0, "frames that are not whole")
        self.values = values
        self.frontEnd = frontEnd
        self.first = first
        self.window = window
        self.isFromCache = isFromCache
        self.isChecked = isChecked
    }

    package var bands: Int { frontEnd.bands }
    package var frames: Int { values.count / bands }
    /// Seconds from one frame to the next.
    package var hop: Double { Double(frontEnd.hop) / Double(frontEnd.rate) }
    /// The range from the lowest to the highest edge of the bands, in Hz.
    package var band: ClosedRange<Double> { frontEnd.low...frontEnd.high }
}

/// The score of a class for one chunk.
package struct CurvePoint: Sendable, Equatable {
    /// The start of the chunk, in seconds of the recording; `end` is its end, at most the recording's.
    package let start: Double
    package let end: Double
    /// The score, 0 to 1; NaN if the chunk was skipped because of its level.
    package let score: Float

    package init(start: Double, end: Double, score: Float) {
        self.start = start
        self.end = end
        self.score = score
    }
}

/// The positions of a front-end's frames in time, measured at the middle of their windows.
struct FrameTiming {
    private let rate: Double
    private let hop: Double
    /// Samples from the start of the recording to the middle of the first frame.
    private let middle: Double

    init(_ frontEnd: FrontEnd) {
        rate = Double(frontEnd.rate)
        hop = Double(frontEnd.hop)
        middle = frontEnd.framing == .left ? Double(frontEnd.window) / 2 : 0
    }

    /// The middle of a frame, in seconds.
    func seconds(_ frame: Int) -> Double { (Double(frame) * hop + middle) / rate }

    /// The frames whose middle is inside the window, so that adjacent windows neither share nor omit frames; if there
    /// is none, the nearest frame.
    ///
    /// - Parameter count: the number of frames of the recording, more than 0.
    func frames(_ window: Range<Double>, of count: Int) -> Range<Int> {
        let (first, end) = (frame(from: window.lowerBound), frame(from: window.upperBound))
        let found = min(first, count)..<max(min(end, count), min(first, count))
        guard found.isEmpty else { return found }
        let exact = ((window.lowerBound + window.upperBound) / 2 * rate - middle) / hop
        let nearest = min(max(Int(exact.rounded()), 0), count - 1)
        return nearest..<nearest + 1
    }

    private func frame(from seconds: Double) -> Int { max(0, Int(((seconds * rate - middle) / hop).rounded(.up))) }
}
