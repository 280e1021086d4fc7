import Corpus
import Evaluation
import Foundation
import Ledger

/// Gathers a cache's clip scores into per-class statistics.
package struct StatisticsBuilder {
    private let cache: Cache
    private let pipeline: String?

    package init(cache: Cache, pipeline: String?) {
        self.cache = cache
        self.pipeline = pipeline
    }

    /// - Parameters:
    ///   - truth: a manifest with labels; nil for statistics without it. Only clips that it names are counted then.
    ///   - threshold: from which score on a clip counts as having the class.
    /// - Throws: `CacheError` where there are no scores, or the truth's labels are none of the classes.
    package func report(truth: Manifest?, threshold: Double) throws -> SummaryReport {
        let ledger = try cache.reading()
        let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        let seconds = try durations(ledger)
        var values: [Float] = []
        var lengths: [Double] = []
        var labels = LabelTable(classes: scores.classes.count)
        let places = Dictionary(scores.classes.enumerated().map { ($1, $0) }) { first, _ in first }
        var matched = 0
        try scores.forEach { clip, row in
            if let truth {
                guard let place = truth.row(of: clip.name) else { return }
                let known = truth.labels(place).compactMap { places[$0] }
                matched += known.count
                try labels.append(Set(known).sorted())
            }
            values += row
            lengths.append(seconds[clip.id] ?? 0)
        }
        guard !lengths.isEmpty else {
            throw CacheError(
                .badInput, path: cache.folder,
                truth == nil
                    ? "no clip has scores yet" : "\(truth?.file ?? "") names none of the clips that have scores")
        }
        if let truth, matched == 0 {
            throw CacheError(
                .badInput, path: truth.file,
                "no label is one of the model's classes, expected names such as '\(scores.classes.first ?? "")'")
        }
        let table = try ScoreTable(classes: scores.classes, scores: values, seconds: lengths)
        return try Evaluator(threshold: Float(threshold)).report(table, truth: truth == nil ? nil : labels)
    }

    /// Seconds of each clip: of its chunk scores, mel or raw rows, whichever the cache has. Zero where it has none.
    private func durations(_ ledger: Ledger) throws -> [Int64: Double] {
        var seconds: [Int64: Double] = [:]
        let scale = ["raw": 1.0 / 16000, "mel": 1.0 / 100]
        for stage in try ledger.stages() {
            guard let perRow = scale[stage.kind] else { continue }
            try ledger.forEachResult(stage: stage.id) { seconds[$0.clip] = Double($0.rowCount) * perRow }
        }
        return seconds
    }
}
