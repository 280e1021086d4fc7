import Cache
import Corpora
import Evaluation
import Foundation
import Ledger

/// Gathers a cache's clip scores into per-class statistics.
package struct StatisticsBuilder {
    private let cache: CacheFolder
    private let pipeline: String?

    /// - Parameter pipeline: its name; nil for the last that has clip scores.
    package init(cache: CacheFolder, pipeline: String?) {
        self.cache = cache
        self.pipeline = pipeline
    }

    /// - Parameters:
    ///   - truth: a manifest with labels; nil for statistics without it. Only clips that it names are counted then.
    ///   - threshold: from which score on a clip counts as having the class.
    /// - Throws: `CacheError` where there are no scores; `CorpusError` where a label of the truth is none of the classes.
    package func report(truth: Manifest?, threshold: Double) throws -> SummaryReport {
        let ledger = try cache.reading()
        return try ledger.consistently { try report(ledger, truth: truth, threshold: threshold) }
    }

    private func report(_ ledger: Ledger, truth: Manifest?, threshold: Double) throws -> SummaryReport {
        let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        let names = ClassNames(scores.classes)
        if let truth {
            try names.check(
                (0..<truth.count).lazy.map {
                    (line: truth.line($0), clip: truth.clip($0), labels: truth.labels($0))
                }, file: truth.file)
        }
        var seconds: [Int64: Double] = [:]
        try ledger.forEachSource { seconds[$0.clip] = $0.seconds }
        var values: [Float] = []
        var lengths: [Double] = []
        var labels = LabelTable(classes: scores.classes.count)
        var (scored, unknownLengths, unlabelled) = (0, 0, 0)
        try scores.forEach { clip, row in
            scored += 1
            if let truth {
                guard let place = truth.row(of: clip.name) else { return }
                let found = truth.labels(place).compactMap { names.place(of: $0) }
                if found.isEmpty { unlabelled += 1 }
                try labels.append(found)
            }
            values += row
            if seconds[clip.id] == nil { unknownLengths += 1 }
            lengths.append(seconds[clip.id] ?? 0)
        }
        guard !lengths.isEmpty else {
            throw CacheError(
                .badInput, path: cache.folder,
                scored == 0 ? "no clip has scores yet" : "\(truth?.file ?? "") names none of the clips that have scores"
            )
        }
        let table = try ScoreTable(classes: scores.classes, scores: values, seconds: lengths)
        var report = try Evaluator(threshold: Float(threshold)).report(table, truth: truth == nil ? nil : labels)
        let counts = try ledger.counts(for: scores.pipeline)
        report.coverage = Coverage(clips: counts.clips, done: scored, failed: counts.failed)
        report.truthCoverage = truth.map {
            TruthCoverage(
                clips: $0.count, scored: lengths.count, others: scored - lengths.count, unlabelled: unlabelled)
        }
        report.clipsWithoutLength = unknownLengths
        return report
    }
}
