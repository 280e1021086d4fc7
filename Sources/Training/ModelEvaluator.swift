import Cache
import Corpora
import Engines
import Errors
import Evaluation

/// Evaluates models on the cached features of the same clips.
package struct ModelEvaluator {
    private let clips: [Manifest.Entry]
    private let cache: CacheFolder
    private let threads: Int
    private let resamples: Int
    private let labelMap: (ClassNames) throws -> LabelMap?

    /// - Parameters:
    ///   - clips: the clips, with their labels.
    ///   - resamples: the number of bootstrap resamples for the confidence intervals.
    ///   - labelMap: makes, for a model's class names, the map from the clips' labels to classes.
    package init(
        clips: [Manifest.Entry], cache: CacheFolder, threads: Int, resamples: Int,
        labelMap: @escaping (ClassNames) throws -> LabelMap? = { _ in nil }
    ) {
        self.labelMap = labelMap
        self.clips = clips
        self.cache = cache
        self.threads = threads
        self.resamples = resamples
    }

    /// A report, and what it was computed from: rows in the order of the clips.
    package struct Evaluation: Sendable {
        package let report: SummaryReport
        package let table: ScoreTable
        package let truth: LabelTable
    }

    /// Evaluates a model; labels are matched to its classes by name, by identifier or by the label map.
    ///
    /// - Parameter thresholds: nil for the model's own.
    /// - Throws: `TrainingError` if a clip has no features, or the model no classes; any error of the engine.
    package func report(
        _ engine: any InferenceEngine, overlap: Double, thresholds: ClassThresholds? = nil
    ) throws -> SummaryReport { try evaluate(engine, overlap: overlap, thresholds: thresholds).report }

    /// As `report`, with the scores.
    ///
    /// - Throws: as `report` does.
    package func evaluate(
        _ engine: any InferenceEngine, overlap: Double, thresholds: ClassThresholds? = nil
    ) throws -> Evaluation {
        let model = engine.model
        guard !model.classes.isEmpty else {
            throw TrainingError(
                .badInput, at: nil,
                "the model '\(model.network)' gives embeddings only, so it cannot be evaluated; expected one with classes"
            )
        }
        let names = ClassNames(model.classes, identifiers: model.classIDs)
        let thresholds = thresholds ?? ClassThresholds(recommended: model.thresholds)
        var resolver = TruthLabels(names: names, map: try labelMap(names))
        var unlabelled = 0
        let entries = clips.map { entry in
            let places = resolver.places(of: entry.labels)
            if places.isEmpty { unlabelled += 1 }
            return Manifest.Entry(
                clip: entry.clip, path: entry.path, labels: places.map { model.classes[$0] }, split: entry.split)
        }
        let set = try ChunkSet(
            entries, classes: model.classes, cache: cache, inputs: model.inputs, of: model.network, overlap: overlap,
            normalization: model.normalization)
        let scored = try ClipScorer(engine: engine, threads: threads).score(
            set, thresholds: model.classes.map { thresholds.value(of: $0) })
        var report = try Evaluator(thresholds: thresholds, resamples: resamples).report(
            scored.table, truth: scored.truth, hoursAbove: scored.hoursAbove)
        // Every clip has been scored here, or an error thrown above.
        report.truthCoverage = TruthCoverage(
            clips: clips.count, scored: report.clips, others: 0, unlabelled: unlabelled, labels: resolver.matched,
            dropped: resolver.droppedText)
        report.coverage = Coverage(clips: clips.count, done: report.clips, failed: 0)
        report.clipsWithSilencedEnd = set.clipsWithSilencedEnd
        return Evaluation(report: report, table: scored.table, truth: scored.truth)
    }
}
