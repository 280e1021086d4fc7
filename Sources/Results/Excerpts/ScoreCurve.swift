/// The curve in which events are found, as a page draws it.
package enum ScoreCurve {
    /// A stretch over which the curve has one value.
    package struct Step: Sendable, Equatable {
        /// The start, in seconds of the recording, as is `end`.
        package let start: Double
        package let end: Double
        /// The geometric mean of the scores of the chunks that cover the stretch, 0 to 1.
        package let score: Double
    }

    /// The steps within a window; if there are more than a screen shows, consecutive ones are merged and have their
    /// highest score.
    ///
    /// - Parameter points: the chunks that overlap the window, in order.
    package static func steps(_ points: [CurvePoint], in window: Range<Double>) -> [Step] {
        ExcerptDrawing.steps(points, in: window).map { Step(start: $0.start, end: $0.end, score: $0.score) }
    }
}
