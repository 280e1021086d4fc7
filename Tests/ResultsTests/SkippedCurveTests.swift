import Results
import Testing

/// The score curve as a report and the page of `review` draw it.
@Suite struct SkippedCurveTests {
    @Test func thereIsAGapWhereASkippedChunkReaches() {
        let scores: [Float] = [0.5, .nan, 0.25, 0.16]
        let points = scores.enumerated().map { place, score in
            CurvePoint(start: 0.5 * Double(place), end: 0.5 * Double(place) + 1, score: score)
        }
        let steps = ScoreCurve.steps(points, in: 0..<2.5)
        // The second chunk lies from 0.5 to 1.5 s.
        #expect(steps.map(\.start) == [0, 1.5, 2] && steps.map(\.end) == [0.5, 2, 2.5])
        for (step, score) in zip(steps, [0.5, 0.2, 0.16]) { #expect(abs(step.score - score) < 1e-6) }
    }
}
