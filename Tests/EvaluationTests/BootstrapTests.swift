import Evaluation
import Testing

@Suite struct BootstrapTests {
    @Test func intervalsHoldTheEstimateAndRepeat() throws {
        let fixture = try MetricFixture.load("smooth")
        let evaluator = Evaluator(resamples: 300, seed: 5)
        let report = try evaluator.report(fixture.table(), truth: fixture.labels())
        let truth = try #require(report.truth)
        #expect(truth.resamples == 300)
        let pairs = [
            (truth.meanAveragePrecisionInterval, truth.meanAveragePrecision), (truth.meanAUCInterval, truth.meanAUC),
            (truth.dPrimeInterval, truth.dPrime), (truth.lwlrapInterval, truth.lwlrap),
            (truth.topOneAccuracyInterval, truth.topOneAccuracy),
        ]
        for (interval, value) in pairs {
            let interval = try #require(interval)
            #expect(interval.low < value && value < interval.high)
            #expect(interval.high - interval.low < 1.5)
        }
        for index in fixture.known {
            let found = try #require(report.classes[index].truth)
            let ap = try #require(found.averagePrecisionInterval)
            let auc = try #require(found.aucInterval)
            #expect(ap.low <= found.metrics.averagePrecision && found.metrics.averagePrecision <= ap.high)
            #expect(auc.low <= found.metrics.auc && found.metrics.auc <= auc.high)
        }
        #expect(try evaluator.report(fixture.table(), truth: fixture.labels()).json() == report.json())
        let other = try Evaluator(resamples: 300, seed: 6).report(fixture.table(), truth: fixture.labels())
        #expect(other.json() != report.json())
    }

    @Test func aPerfectRankingHasNoSpread() throws {
        let table = try ScoreTable(
            classes: ["a", "b"], scores: (0..<40).flatMap { [$0 < 20 ? Float(0.9) : 0.1, $0 < 20 ? 0.1 : 0.9] },
            seconds: [Double](repeating: 1, count: 40))
        var labels = LabelTable(classes: 2)
        for clip in 0..<40 { try labels.append([clip < 20 ? 0 : 1]) }
        let truth = try #require(try Evaluator(resamples: 50).report(table, truth: labels).truth)
        for interval in [
            truth.meanAveragePrecisionInterval, truth.meanAUCInterval, truth.lwlrapInterval,
            truth.topOneAccuracyInterval,
        ] {
            let interval = try #require(interval)
            #expect(interval.low == 1 && interval.high == 1)
        }
    }
}
