import Evaluation
import Foundation
import Testing

/// Each class by its own threshold, and the report says which.
@Suite struct ClassThresholdsTests {
    private let classes = ["a", "b", "c", "d"]

    @Test("The first layer that has a class decides, and the words count each layer's classes")
    func layers() {
        let table = ClassThresholds.Layer(origin: "t.csv", values: ["a": 0.1, "b": 0.2, "elsewhere": 0.9])
        let own = ClassThresholds.Layer(origin: "the model's own", values: ["b": 0.7, "c": 0.3])
        let thresholds = ClassThresholds(layers: [table, own], fallback: 0.4)
        #expect(classes.map { thresholds.value(of: $0) } == [0.1, 0.2, 0.3, 0.4])
        #expect(thresholds.text(classes) == "t.csv for 2 of 4 classes, the model's own for 1, 0.4 for 1")
        #expect(ClassThresholds().text(classes) == "0.5 for all 4 classes")
        #expect(ClassThresholds(layers: [own]).text(["c"]) == "the model's own for the class")
        #expect(ClassThresholds(layers: [.init(origin: "empty", values: [:])]).layers.isEmpty)
    }

    @Test("Counts, precision, recall and F1 are those at the class's threshold, by looking at every clip")
    func report() throws {
        let fixture = try MetricFixture.load("smooth")
        let table = try fixture.table()
        let values = Dictionary(uniqueKeysWithValues: table.classes.enumerated().map { ($1, 0.2 + 0.1 * Double($0)) })
        let thresholds = ClassThresholds(layers: [.init(origin: "t.csv", values: values)])
        let hours = table.classes.indices.map { Double($0) / 7 }
        let report = try Evaluator(thresholds: thresholds, resamples: 0).report(
            table, truth: fixture.labels(), hoursAbove: hours)
        for (index, row) in report.classes.enumerated() {
            let column = stride(from: index, to: fixture.scores.count, by: fixture.classes).map { fixture.scores[$0] }
            let truth = stride(from: index, to: fixture.truth.count, by: fixture.classes).map { fixture.truth[$0] == 1 }
            let counted = column.map { Double($0) >= 0.2 + 0.1 * Double(index) }
            let hits = zip(counted, truth).count { $0 && $1 }
            let counts = try #require(row.truth?.counts)
            #expect(row.threshold == values[row.name] && row.hoursAbove == hours[index])
            #expect(row.clipsAbove == counted.count { $0 } && counts.counted == row.clipsAbove && counts.hits == hits)
            #expect(counts.positives == truth.count { $0 })
            if counts.positives > 0, counts.counted > 0 {
                let (p, r) = (Double(hits) / Double(counts.counted), Double(hits) / Double(counts.positives))
                #expect(counts.precision == p && counts.recall == r)
                #expect(hits == 0 ? counts.f1 == 0 : abs(counts.f1 - 2 * p * r / (p + r)) < 1e-12)
            } else {
                #expect(counts.f1.isNaN == (counts.positives == 0))
            }
        }
        #expect(report.json().contains("t.csv for all 7 classes"))
        let header = report.csv().split(separator: "\n")[0]
        #expect(header.hasSuffix(",best_threshold,threshold,precision,recall,f1"))
        // Where no chunk scores are at hand there are no hours, which is not none.
        let without = try Evaluator(thresholds: thresholds).report(table)
        #expect(without.classes.allSatisfy(\.hoursAbove.isNaN) && without.json().contains("\"hours_above\": null"))
        #expect(without.csv().split(separator: "\n")[0].hasSuffix(",maximum,threshold"))
    }
}
