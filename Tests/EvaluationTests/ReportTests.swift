import Evaluation
import Foundation
import Testing

@Suite struct ReportTests {
    private func report(truth: Bool) throws -> SummaryReport {
        let table = try ScoreTable(
            classes: ["Waves, surf", "<b>\"Dog\"</b>", "=SUM(A1)", "never"],
            scores: [0.9, 0.1, 0.5, 0, 0.2, 0.8, 0.3, 0, 0.7, 0.6, 0.1, 0], seconds: [3600, 1800, 900])
        var labels = LabelTable(classes: 4)
        for row in [[0], [1], [0, 1]] { try labels.append(row) }
        return try Evaluator(resamples: 20).report(
            table, truth: truth ? labels : nil, hoursAbove: [1.25, 0.75, 1, 0])
    }

    @Test func csvQuotesNamesAndLeavesGaps() throws {
        let lines = try report(truth: true).csv().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 6 && lines[5].isEmpty)
        #expect(
            lines[0].hasPrefix("class,clips_above,hours_above,mean,deviation,q05,q25,q50,q75,q95,maximum,positives,ap,")
        )
        #expect(lines[1].hasPrefix("\"Waves, surf\",2,1.25,"))
        #expect(lines[2].hasPrefix("\"<b>\"\"Dog\"\"</b>\",2,0.75,"))
        #expect(lines[3].hasPrefix("'=SUM(A1),1,1.0,"))
        #expect(lines[4].hasSuffix(",0,,,,,,,,,,0.5,,,"))
        #expect(try !report(truth: false).csv().contains("positives"))
    }

    @Test func jsonParsesAndHasNull() throws {
        let text = try report(truth: true).json()
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["clips"] as? Int == 3)
        #expect(object?["mAP"] as? Double == 1)
        let rows = try #require(object?["classes"] as? [[String: Any]])
        #expect(rows[1]["class"] as? String == "<b>\"Dog\"</b>")
        #expect(rows[3]["ap"] is NSNull)
        #expect(!text.lowercased().contains("nan"))
        #expect(try report(truth: true).json() == text)
        let plain = try report(truth: false).json()
        #expect(!plain.contains("mAP") && plain.contains("\"hours\": 1.75"))
    }
}
