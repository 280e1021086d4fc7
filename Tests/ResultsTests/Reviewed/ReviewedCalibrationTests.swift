import Evaluation
import Ledger
import Testing

import Results

/// Thresholds and statistics from judgements, worked by hand.
struct ReviewedCalibrationTests {
    typealias T = EventReviewTests

    /// Peaks of events one after the other, accepted where they are positive.
    private static func history(_ peaks: [Double], threshold: Double = 0.4) -> JudgementHistory {
        JudgementHistory(
            peaks.enumerated().map { place, peak in
                .judgement(
                    T.judgement(
                        Int64(place + 1), peak > 0 ? .accept : .reject, Double(3 * place), Double(3 * place) + 1,
                        peak: abs(peak), threshold: threshold))
            })
    }

    private static func calibrate(_ peaks: [Double], _ goal: ThresholdGoal = .bestF1) throws -> ClassCalibration {
        let (events, use) = ReviewedCalibration.events(history(peaks), ["Cat", "Dog"], stage: "s")
        #expect(use.used == peaks.count && use.leftOut == nil)
        let result = try Calibrator(goal: goal, least: 1, resamples: 100).calibrate(events)
        #expect(result.unit == "event" && result.clips == peaks.count && result.classes[0].threshold == nil)
        return result.classes[1]
    }

    @Test("Best F1: of 0.9+ 0.8+ 0.7- 0.6+ 0.5- the best four, precision 3/4, recall 1")
    func bestF1() throws {
        let dog = try Self.calibrate([0.9, -0.5, 0.8, -0.7, 0.6])
        let found = try #require(dog.threshold)
        #expect(abs(found.value - 0.55) < 1e-6 && dog.positives == 3 && dog.negatives == 2)
        #expect(found.counts == ThresholdCounts(counted: 4, hits: 3, positives: 3))
    }

    @Test("Precision 0.9: only the best two")
    func precision() throws {
        let found = try #require(try Self.calibrate([0.9, -0.5, 0.8, -0.7, 0.6], .precision(0.9)).threshold)
        #expect(abs(found.value - 0.75) < 1e-6)
        #expect(found.counts == ThresholdCounts(counted: 2, hits: 2, positives: 3))
    }

    @Test("No threshold lies below the one by which the events were shown")
    func shown() throws {
        // Half of 0.6, between it and 0, was the plain rule's.
        let found = try #require(try Self.calibrate([0.9, -0.7, 0.6]).threshold)
        #expect(found.value == 0.4 && (found.interval?.low ?? 0) >= 0.4)
    }

    @Test("Unsure, disputed, foreign and doubly judged ones are left out or counted once")
    func use() {
        let rows: [Judgement] = [
            T.judgement(1, .accept, 0, 1), T.judgement(2, .accept, by: "Ben", 0, 1),
            T.judgement(3, .unsure, 3, 4), T.judgement(4, .accept, 6, 7), T.judgement(5, .reject, by: "Ben", 6, 7),
            T.judgement(6, .accept, 9, 10, stage: "of before"), T.judgement(7, .accept, label: "Horse", 12, 13),
            T.judgement(8, .accept, 15, 16, correction: .init(label: "Cat"), threshold: 0.3),
        ]
        let (events, use) = ReviewedCalibration.events(
            JudgementHistory(rows.map { .judgement($0) }), ["Cat", "Dog"], stage: "s")
        #expect(events[1].isRight == [true, false] && events[0].peaks.isEmpty && events[1].shownFrom == 0.3)
        #expect(use.used == 2 && use.unsure == 1 && use.disputed == 1 && use.otherScores == 1 && use.otherClasses == 1)
        #expect(
            use.leftOut
                == "left out: 1 unsure, 1 disputed, 1 judged by scores of another model or other settings, 1 of other classes"
        )
        #expect(
            use.text.hasPrefix(
                "2 judged events; left out: 1 unsure, 1 disputed, 1 judged by scores of another model or other settings, 1 of other classes;"
            ))
    }

    @Test("Statistics over the judged clips of each class: AP (1 + 2/3) / 2, AUC 1/2")
    func statistics() throws {
        let table = try ScoreTable(
            classes: ["Dog", "Cat"], scores: [0.9, 0.1, 0.8, 0.2, 0.95, 0.3, 0.4, 0.4], seconds: [1, 1, 1, 1])
        var truth = PartialTruth(classes: 2)
        for (row, has) in [(0, true), (1, false), (3, true)] { truth.add(row: row, place: 0, has: has) }
        let report = try Evaluator(resamples: 0).report(table, judged: truth)
        let dog = try #require(report.classes[0].truth)
        #expect(abs(dog.metrics.averagePrecision - 5.0 / 6) < 1e-9 && abs(dog.metrics.auc - 0.5) < 1e-9)
        #expect(dog.counts == ThresholdCounts(counted: 2, hits: 1, positives: 2))
        // The clip that nobody judged counts as clip, and in no metric.
        #expect(report.classes[0].clipsAbove == 3 && report.clips == 4)
        let cat = try #require(report.classes[1].truth)
        #expect(cat.metrics.positives == 0 && cat.metrics.averagePrecision.isNaN)
        #expect(report.truth?.scoredClasses == 1 && abs((report.truth?.meanAveragePrecision ?? 0) - 5.0 / 6) < 1e-9)
        #expect(report.truth?.lwlrap.isNaN == true && truth.clips == 3 && truth.pairs == 3 && truth.positives == 2)
        #expect(report.json().contains(#""lwlrap": null"#))
    }
}
