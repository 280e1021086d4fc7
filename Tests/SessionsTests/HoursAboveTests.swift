import Cache
import Corpora
import Evaluation
import Foundation
import Ledger
import Results
import Testing

/// Hours above a threshold are the time that chunks at or above it cover, not the length of the files.
@Suite struct HoursAboveTests {
    private static let lengths = [1, 8000, 15_999, 16_001, 24_001, 40_000, 100_123]

    @Test("Sample by sample the same as by the cached chunk scores, at any overlap", arguments: [0, 0.5, 0.75])
    func plain(overlap: Double) throws {
        let fixture = try PipelineFixture()
        for length in Self.lengths {
            // Sound that comes and goes, so that no two chunks score alike.
            let samples = (0..<length).map { place -> Float in
                let isSound = place / 5000 % 2 == 0
                let period = 50 + place / 3000
                return isSound ? Float(place % period) / 200 : 0
            }
            try fixture.addSamples("\(length)", samples, rate: 16_000)
        }
        try fixture.run("label.yaml", sets: ["chunk.overlap=\(overlap)"])
        let ledger = try fixture.cache().reading()
        let stage = try #require(try ledger.stages().first { $0.kind == "scores" })
        let reader = CacheReader(cache: fixture.cache().folder, ledger: ledger)
        let hop = Int(16_000 * (1 - overlap))
        var rows: [(length: Int, values: [Float])] = []
        try ledger.forEachCurrentResult(stages: [stage.id]) { clip, record in
            rows.append((try #require(Int(clip.name)), try reader.floats(record).values))
        }
        #expect(rows.count == Self.lengths.count)
        let classes = ClassList.decode(stage.classes)
        // A threshold a class, with about half of its chunks above it.
        let values = classes.indices.map { index -> Double in
            let column = rows.flatMap { row in
                stride(from: index, to: row.values.count, by: classes.count).map { row.values[$0] }
            }.sorted()
            return Double(column[column.count / 2])
        }
        let thresholds = ClassThresholds(
            layers: [.init(origin: "made", values: Dictionary(uniqueKeysWithValues: zip(classes, values)))])
        let report = try StatisticsBuilder(cache: fixture.cache(), pipeline: nil).report(
            truth: nil, thresholds: thresholds)
        for (index, row) in report.classes.enumerated() {
            var samples = 0
            for (length, scores) in rows {
                var isThere = [Bool](repeating: false, count: length)
                for chunk in 0..<scores.count / classes.count
                where Double(scores[chunk * classes.count + index]) >= values[index] {
                    for sample in chunk * hop..<min(chunk * hop + 16_000, length) { isThere[sample] = true }
                }
                samples += isThere.count { $0 }
            }
            #expect(row.hoursAbove == Double(samples) / 16_000 / 3600, "\(row.name)")
            #expect(row.hoursAbove > 0 && row.hoursAbove < report.hours)
        }
        #expect(report.clipsWithoutChunkScores == 0 && report.withoutChunkScores == nil)
    }

    @Test("With a truth only the clips that it names count, in hours as in clips")
    func truth() throws {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c"] { try fixture.addClip(name, seconds: 1.2) }
        try fixture.run("label.yaml")
        let truth = try Manifest(bytes: Array("clip,path\nb,b.wav\n".utf8), file: "truth.csv", folder: fixture.folder)
        let report = try StatisticsBuilder(cache: fixture.cache(), pipeline: nil).report(
            truth: truth, thresholds: ClassThresholds(fallback: 0))
        #expect(report.classes.allSatisfy { abs($0.hoursAbove * 3600 - 1.2) < 1e-9 && $0.clipsAbove == 1 })
    }
}
