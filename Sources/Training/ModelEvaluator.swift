import Cache
import Corpora
import Engines
import Evaluation

/// Evaluates models on the cached features of the same clips.
package struct ModelEvaluator {
    private let clips: [Manifest.Entry]
    private let cache: CacheFolder
    private let threads: Int
    private let resamples: Int
    private let labelMap: (ClassNames) throws -> LabelMap?

    /// - Parameters:
    ///   - clips: with their labels.
    ///   - resamples: bootstrap resamples of the intervals.
    ///   - labelMap: turns the clips' labels into classes, made for a model's.
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

    /// The report of a model that knows every label of the clips, by name, by identifier or by the label map.
    ///
    /// - Parameter thresholds: nil for the model's own.
    /// - Throws: `TrainingError` where a clip has no features, and what the engine has to say.
    package func report(
        _ engine: any InferenceEngine, overlap: Double, thresholds: ClassThresholds? = nil
    ) throws -> SummaryReport {
        let model = engine.model
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
        // Scored here, every one of them, or refused above.
        report.truthCoverage = TruthCoverage(
            clips: clips.count, scored: report.clips, others: 0, unlabelled: unlabelled, labels: resolver.matched,
            dropped: resolver.droppedText)
        report.coverage = Coverage(clips: clips.count, done: report.clips, failed: 0)
        report.clipsWithSilencedEnd = set.clipsWithSilencedEnd
        return report
    }
}
