import Evaluation
import Testing

@Suite struct TableTests {
    @Test func refusesWrongShapesAndValues() {
        #expect(throws: EvaluationError.self) {
            try ScoreTable(classes: ["a", "b"], scores: [1, 2, 3], seconds: [1, 1])
        }
        do {
            _ = try ScoreTable(classes: ["a", "b"], scores: [0, 0, 0, .nan], seconds: [1, 1])
            Issue.record("a NaN was taken")
        } catch {
            #expect("\(error)" == "scores: row 1: class 'b': found nan, expected a finite number")
        }
    }

    @Test func labelsAreCheckedAndRepeatsCountOnce() throws {
        var labels = LabelTable(classes: 3)
        try labels.append([2, 0, 2])
        #expect(labels.total == 2)
        #expect(throws: EvaluationError.labelOutOfRange(row: 1, label: 3, classes: 3)) { try labels.append([1, 3]) }
        #expect(labels.clips == 1 && labels.total == 2)
        try labels.append([])
        #expect(labels.clips == 2)
    }

    @Test func truthOfAnotherShapeIsRefused() throws {
        let table = try ScoreTable(classes: ["a"], scores: [1], seconds: [1])
        #expect(throws: EvaluationError.self) { try Evaluator().report(table, truth: LabelTable(classes: 2)) }
        #expect(throws: EvaluationError.self) { try Evaluator().report(table, truth: LabelTable(classes: 1)) }
    }

    @Test func emptyTablesAreReported() throws {
        let none = try ScoreTable(classes: ["a"], scores: [], seconds: [])
        let report = try Evaluator().report(none, truth: LabelTable(classes: 1))
        #expect(report.clips == 0 && report.classes[0].mean.isNaN)
        #expect(report.json().contains("\"mAP\": null"))
        let noClasses = try Evaluator().report(ScoreTable(classes: [], scores: [], seconds: [2]))
        #expect(noClasses.json().contains("\"classes\": []"))
    }
}
