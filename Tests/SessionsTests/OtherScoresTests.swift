import Evaluation
import Foundation
import Ledger
import Results
import Stages
import Testing

/// Judgements by the scores of other settings: a calibration leaves them out and says what the settings were, as far as the
/// cache knows.
@Suite struct OtherScoresTests {
    private static func yaml(_ name: String, more: String = "") throws -> String {
        try String(contentsOfFile: PipelineFixture.root + "/Pipelines/label.yaml", encoding: .utf8)
            .replacingOccurrences(of: "name: label", with: "name: \(name)")
            .replacingOccurrences(of: "overlap: 0.5", with: "overlap: 0.5\n    " + more)
    }

    @Test func otherSettingsAreNamed() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 3)
        let cache = fixture.cache()
        func stage(_ pipeline: String) throws -> String {
            try EventSource(
                cache: cache, ledger: cache.reading(), pipeline: pipeline, request: SelectionRequest(), gap: 0, least: 0
            ).stage
        }
        func judge(_ stage: String) throws {
            _ = try cache.judgements.add(
                Judgement.Subject(
                    clip: "a", content: "x", label: "Bark", start: 0, end: 1, score: 0.9, peak: 0.9, threshold: 0.5,
                    stage: stage), .accept, reviewer: "Ann", time: "2026-01-02T03:04:05Z")
        }
        func told(_ pipeline: String) throws -> String {
            try ReviewedCalibration(cache: cache, pipeline: pipeline).calibrate(
                Calibrator(goal: .bestF1, least: 1, resamples: 0)
            ).use.text
        }
        try fixture.run(yaml: Self.yaml("one"))
        let before = try stage("one")
        try judge(before)
        #expect(try !told("one").contains("other settings"))
        // Another pipeline has the settings of before.
        try fixture.run(yaml: Self.yaml("two", more: "skip-below: -60"))
        let named = try told("two")
        #expect(
            named.contains("1 judged by scores of another model or other settings (of 'one': ")
                && named.contains("skip-below"), "\(named)")
        // No pipeline has them any more.
        try fixture.run(yaml: Self.yaml("one", more: "skip-below: -60"))
        let replaced = try told("one")
        #expect(replaced.contains("(with the same classes, front-end and timing, so"), "\(replaced)")
        try fixture.run(yaml: Self.yaml("one").replacingOccurrences(of: "overlap: 0.5", with: "overlap: 0.25"))
        let stepped = try told("one")
        #expect(stepped.contains("(in steps of 8000 samples, now 12000 samples)"), "\(stepped)")
    }
}
