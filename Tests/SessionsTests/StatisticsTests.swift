import Corpora
import Evaluation
import Foundation
import Ledger
import Results
import Testing

/// Statistics are of the recordings as they are: their own length, all of the truth's labels, and so many of the clips.
@Suite struct StatisticsTests {
    private static let lengths = [1, 399, 8000, 15_999, 16_000, 16_001, 23_999, 24_001, 40_000]

    private static let uncached = """
        name: uncached
        stages:
          decode: {uses: decode}
          resample: {uses: resample, from: decode}
          chunk: {uses: chunk, from: resample}
          mel: {uses: log-mel, from: chunk}
          infer: {uses: infer, from: [mel, chunk], model: ../Models/lean-esc10.safetensors}
          clip-scores: {uses: aggregate, from: infer}
        """

    private func manifest(_ fixture: PipelineFixture, _ text: String) throws -> Manifest {
        try Manifest(bytes: Array(text.utf8), file: "truth.csv", folder: fixture.folder)
    }

    @Test(arguments: [nil, uncached]) func hoursAreTheRecordingsOwn(yaml: String?) throws {
        let fixture = try PipelineFixture()
        for length in Self.lengths {
            try fixture.addSamples("\(length)", (0..<length).map { Float($0 % 90) / 200 }, rate: 16_000)
        }
        // Of another rate: what counts is the file's own.
        try fixture.addSamples("slow", [Float](repeating: 0.1, count: 11_025), rate: 22_050)
        for round in 1...2 {
            // Labels again by other scores: lengths come out of the ledger, as nothing is decoded.
            try fixture.run("label.yaml", yaml: yaml, sets: round == 1 ? [] : ["clip-scores.method=max"])
            let report = try StatisticsBuilder(cache: fixture.cache(), pipeline: nil).report(
                truth: nil, thresholds: ClassThresholds(fallback: 0))
            let expected = (Double(Self.lengths.reduce(0, +)) / 16_000 + 0.5) / 3600
            #expect(abs(report.hours - expected) < 1e-12 && report.clipsWithoutLength == 0)
            if yaml == nil {
                #expect(report.classes.allSatisfy { abs($0.hoursAbove - expected) < 1e-12 })
                #expect(report.withoutChunkScores == nil)
            } else {
                // Of chunks whose scores are not kept nobody knows when a class was there.
                #expect(report.classes.allSatisfy(\.hoursAbove.isNaN) && report.clipsWithoutChunkScores == 10)
                #expect(ReportPage(report).html().contains("the hours above the thresholds leave out 10 clips"))
            }
            #expect(report.coverage == Coverage(clips: 10, done: 10, failed: 0))
        }
    }

    @Test func aTruthIsHeldAgainstTheClassesAndSaysWhatItCovers() throws {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c"] { try fixture.addClip(name, seconds: 0.6) }
        try fixture.addFile("bad.wav", Array("words".utf8))
        try fixture.run("label.yaml")
        let ledger = try fixture.cache().reading()
        let classes = try ClipScores(cache: fixture.cache(), ledger: ledger, pipeline: nil).classes
        let builder = StatisticsBuilder(cache: fixture.cache(), pipeline: nil)
        let sound = "clip,path,labels\na,a.wav,\(classes[0])\nb,b.wav,\(classes[1])\nx,x.wav,\(classes[1])\n"
        let report = try builder.report(truth: manifest(fixture, sound))
        #expect(report.truthCoverage == TruthCoverage(clips: 3, scored: 2, others: 1, labels: 2))
        #expect(report.coverage == Coverage(clips: 4, done: 3, failed: 1))
        let typo = String(classes[0].dropLast()) + "x"
        let wrong = sound + "c,c.wav,\"\(classes[0]),\(typo)\"\n"
        #expect { _ = try builder.report(truth: manifest(fixture, wrong)) } throws: {
            let text = "\($0)"
            return text.hasPrefix("truth.csv:5: found label '\(typo)' of clip 'c'")
                && text.contains("nearest: '\(classes[0])'")
        }
        // No class has clips with it and without it: there is no mean, which is not the same as one of 0.
        let none = try builder.report(truth: manifest(fixture, "clip,path\na,a.wav\n"))
        #expect(none.truth?.scoredClasses == 0 && none.truth?.meanAveragePrecision.isNaN == true)
        #expect(
            none.json().contains("\"mAP\": null")
                && ReportPage(none).html().contains(SummaryReport.Truth.undefinedMeans))
    }
}
