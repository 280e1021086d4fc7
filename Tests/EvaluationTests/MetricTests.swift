import Evaluation
import Foundation
import Testing

@Suite struct MetricTests {
    @Test(arguments: ["smooth", "ties", "coarse"])
    func equalsTheDefinitions(name: String) throws {
        let fixture = try MetricFixture.load(name)
        let report = try Evaluator(resamples: 0).report(fixture.table(), truth: fixture.labels())
        let truth = try #require(report.truth)
        #expect(truth.scoredClasses == fixture.known.count)
        #expect(abs(truth.meanAveragePrecision - fixture.mAP) < 1e-9)
        #expect(abs(truth.meanAUC - fixture.aucMacro) < 1e-9)
        #expect(abs(truth.dPrime - fixture.dPrime) < 1e-8)
        #expect(abs(truth.microAveragePrecision - fixture.microAP) < 1e-9)
        #expect(abs(truth.lwlrap - fixture.lwlrap) < 1e-9)
        #expect(abs(truth.topOneAccuracy - fixture.top1) < 1e-12)
        for (place, index) in fixture.known.enumerated() {
            let metrics = try #require(report.classes[index].truth?.metrics)
            #expect(abs(metrics.averagePrecision - fixture.ap[place]) < 1e-9, "class \(index)")
            #expect(abs(metrics.auc - fixture.auc[place]) < 1e-9, "class \(index)")
            #expect(abs(metrics.bestF1 - fixture.bestF1[place]) < 1e-9, "class \(index)")
            #expect(abs(Double(metrics.bestThreshold) - fixture.bestThreshold[place]) < 1e-6, "class \(index)")
        }
    }

    @Test(arguments: ["smooth", "ties", "coarse"])
    func scoreStatisticsEqualTheDefinitions(name: String) throws {
        let fixture = try MetricFixture.load(name)
        let report = try Evaluator().report(fixture.table())
        #expect(report.truth == nil)
        for (index, row) in report.classes.enumerated() {
            #expect(abs(row.mean - fixture.mean[index]) < 1e-9)
            #expect(abs(row.deviation - fixture.deviation[index]) < 1e-9)
            #expect(row.clipsAbove == fixture.clipsAbove[index])
            #expect(row.hoursAbove.isNaN && row.threshold == 0.5)
            for (found, expected) in zip(row.quantiles, fixture.quantiles[index]) {
                #expect(abs(found - expected) < 1e-9)
            }
            let column = stride(from: index, to: fixture.scores.count, by: fixture.classes).map { fixture.scores[$0] }
            #expect(row.maximum == Double(column.max() ?? .nan))
        }
    }

    @Test func normalQuantileInvertsTheErrorFunction() throws {
        let url = MetricFixture.folder.appendingPathComponent("normal_quantile.csv")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 70)
        for line in lines {
            let pair = line.split(separator: ",").compactMap { Double($0) }
            let (probability, z) = (pair[0], pair[1])
            #expect(abs(NormalQuantile.value(probability) - z) < 1e-9, "at \(probability)")
        }
        #expect(NormalQuantile.value(0) == -.infinity)
        #expect(NormalQuantile.value(1) == .infinity)
        #expect(NormalQuantile.value(1.5).isNaN)
    }

    @Test func tiesAndSignedZerosAreOneGroup() throws {
        let level = try RankMetrics.of([0.5, 0.5, 0.5, 0.5], truth: [true, false, true, false])
        #expect(level.averagePrecision == 0.5)
        #expect(level.auc == 0.5)
        let zeros = try RankMetrics.of([0, -0.0], truth: [true, false])
        #expect(zeros.auc == 0.5)
        let negative = try RankMetrics.of([-3, -1, -2, 4], truth: [false, true, false, true])
        #expect(negative.auc == 1 && negative.bestF1 == 1 && negative.bestThreshold == -1)
        #expect(negative.dPrime.isFinite)
    }

    @Test func undefinedValuesAreNaN() throws {
        let none = try RankMetrics.of([0.1, 0.2], truth: [false, false])
        #expect(none.averagePrecision.isNaN && none.auc.isNaN && none.bestF1.isNaN && none.dPrime.isNaN)
        let all = try RankMetrics.of([0.1, 0.2], truth: [true, true])
        #expect(all.averagePrecision == 1 && all.auc.isNaN)
        #expect(throws: EvaluationError.shape(what: "truth", found: 1, expected: 2)) {
            try RankMetrics.of([0.1, 0.2], truth: [true])
        }
    }

    @Test func manyClipsRankTheSameAsASort() throws {
        // Enough scores for every radix pass, against the definition worked out naively.
        var state: UInt32 = 7
        func draw() -> UInt32 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return state >> 8
        }
        let scores = (0..<3000).map { _ in Float(draw()) / Float(1 << 24) - 0.3 }
        let truth = (0..<3000).map { _ in draw() % 9 == 0 }
        let metrics = try RankMetrics.of(scores, truth: truth)
        let positives = scores.indices.filter { truth[$0] }
        var wins = 0.0
        var precision = 0.0
        for hit in positives {
            var (above, hitsAbove) = (0, 0)
            for other in scores.indices where scores[other] >= scores[hit] {
                above += 1
                hitsAbove += truth[other] ? 1 : 0
            }
            precision += Double(hitsAbove) / Double(above)
            for other in scores.indices where !truth[other] {
                wins += scores[other] < scores[hit] ? 1 : scores[other] == scores[hit] ? 0.5 : 0
            }
        }
        let pairs = Double(positives.count * (scores.count - positives.count))
        #expect(abs(metrics.auc - wins / pairs) < 1e-12)
        #expect(abs(metrics.averagePrecision - precision / Double(positives.count)) < 1e-12)
    }
}
