import Cache
import Corpora
import Engines
import Evaluation
import Features
import Models

/// Evaluates models on the cached features of the same clips.
package struct ModelEvaluator {
    private let clips: [Manifest.Entry]
    private let cache: CacheFolder
    private let threads: Int
    private let resamples: Int

    /// - Parameters:
    ///   - clips: with their labels.
    ///   - resamples: bootstrap resamples of the intervals.
    package init(clips: [Manifest.Entry], cache: CacheFolder, threads: Int, resamples: Int) {
        self.clips = clips
        self.cache = cache
        self.threads = threads
        self.resamples = resamples
    }

    /// The report of a model whose classes include every label of the clips.
    ///
    /// - Throws: `TrainingError` where a clip has no features.
    package func report(_ model: Model, overlap: Double) throws -> SummaryReport {
        let set = try ChunkSet(
            clips, classes: model.classes, cache: cache, architecture: model.architecture, overlap: overlap,
            normalization: Normalization(rawValue: model.normalization.rawValue) ?? .none)
        let (table, truth, _) = try ClipScorer(model: model, threads: threads).score(set)
        var report = try Evaluator(resamples: resamples).report(table, truth: truth)
        // Scored here, every one of them, or refused above.
        report.truthCoverage = TruthCoverage(clips: clips.count, scored: report.clips, others: 0)
        report.clipsWithSilencedEnd = set.clipsWithSilencedEnd
        return report
    }
}
