import Results
import Testing

/// The cases of Docs/Events.md, worked by hand.
@Suite struct EventRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var hop: Double
        var scores: [Float]
        var threshold = 0.6
        var release = 0.3
        var gap = 0.0
        var least = 0.0
        var seconds: Double?
        /// start, end, score, peak
        var events: [[Double]]
        var testDescription: String { "\(scores) every \(hop) s at \(threshold), \(release), \(gap), \(least)" }
    }

    private static let bark: [Float] = [0.04, 0.81, 0.81, 0.04]
    private static let gaps: [Float] = [0.8, 0.1, 0.8, 0.1, 0.1, 0.8]

    static let cases = [
        Case(hop: 1, scores: [0.1, 0.7, 0.4, 0.2], events: [[1, 3, 0.55, 0.7]]),
        Case(hop: 1, scores: [0.1, 0.7, 0.4, 0.2], release: 0.5, events: [[1, 2, 0.7, 0.7]]),
        Case(hop: 1, scores: [0.4, 0.5, 0.4], events: []),
        Case(hop: 0.5, scores: bark, events: [[1, 1.5, 0.81, 0.81]]),
        Case(hop: 0.5, scores: bark, release: 0.1, events: [[0.5, 2, 0.39, 0.81]]),
        Case(hop: 0.7, scores: [0.81, 0.25], events: [[0, 1, 0.702, 0.81]]),
        Case(hop: 0.25, scores: [0.01, 0.81, 0.81, 0.81, 0.81, 0.01], events: [[1, 1.25, 0.81, 0.81]]),
        Case(
            hop: 1, scores: gaps, release: 0.4, gap: 1,
            events: [[0, 1, 0.8, 0.8], [2, 3, 0.8, 0.8], [5, 6, 0.8, 0.8]]),
        Case(hop: 1, scores: gaps, release: 0.4, gap: 1.5, events: [[0, 3, 1.7 / 3, 0.8], [5, 6, 0.8, 0.8]]),
        Case(hop: 1, scores: [0.8, 0.1, 0.5, 0.1, 0.8], release: 0.4, gap: 3.5, events: [[0, 5, 0.46, 0.8]]),
        Case(hop: 1, scores: [0.8, 0.1, 0.8, 0.8], release: 0.4, least: 1.5, events: [[2, 4, 0.8, 0.8]]),
        Case(hop: 0.5, scores: [0.8, 0.8], seconds: 1.2, events: [[0, 1.2, 0.8, 0.8]]),
        // A score that equals the threshold reaches it, at whatever overlap.
        Case(hop: 0.25, scores: [0.6, 0.6, 0.6, 0.6], events: [[0, 1.75, 0.6, 0.6]]),
        Case(hop: 0.5, scores: [0.6, 0.6, 0.6], release: 0.6, events: [[0, 2, 0.6, 0.6]]),
        // A release at the threshold, and a gap that begins before a stretch that is no event and ends within it.
        Case(
            hop: 1, scores: [0.8, 0.1, 0.5, 0.8, 0.1], release: 0.4, gap: 1.1,
            events: [[0, 4, 0.55, 0.8]]),
        Case(
            hop: 1, scores: [0.8, 0.1, 0.5, 0.1, 0.8], release: 0.4, gap: 3,
            events: [[0, 1, 0.8, 0.8], [4, 5, 0.8, 0.8]]),
        Case(hop: 0.5, scores: [0.9], seconds: 0.3, events: [[0, 0.3, 0.9, 0.9]]),
        Case(hop: 1, scores: [0, 0, 0], threshold: 0, release: 0, events: [[0, 3, 0, 0]]),
        Case(hop: 1, scores: [.nan, 0.9, .nan], events: [[1, 2, 0.9, 0.9]]),
    ]

    @Test(arguments: cases) func workedByHand(_ worked: Case) throws {
        let timing = ChunkTiming(rate: 16_000, hop: Int(worked.hop * 16_000), length: 16_000)
        let rule = EventRule(
            thresholds: try Thresholds(classes: ["Dog"], fallback: worked.threshold, release: worked.release),
            gap: worked.gap, least: worked.least)
        var finder = EventFinder(timing: timing, rule: rule, places: [0])
        let found = finder.find(worked.scores.map { [$0] }, samples: worked.seconds.map { Int($0 * 16_000) })
        let told = found.map { [Double($0.start) / 16_000, Double($0.end) / 16_000, $0.score, Double($0.peak)] }
        #expect(
            told.count == worked.events.count
                && zip(told, worked.events).allSatisfy { zip($0, $1).allSatisfy { abs($0 - $1) < 1e-6 } }, "\(told)")
    }
}
