import Cache
import Corpora
import Evaluation
import Ledger
import Sessions

/// Calibrates the classes of a cache's clip scores against labelled truth.
package struct CalibrationBuilder {
    /// A calibration, and what it covers.
    package struct Result: Sendable {
        package let calibration: Calibration
        package let coverage: Coverage
        package let truthCoverage: TruthCoverage?
    }

    private let cache: CacheFolder
    private let pipeline: String?

    package init(cache: CacheFolder, pipeline: String?) {
        self.cache = cache
        self.pipeline = pipeline
    }

    /// - Parameters:
    ///   - truth: a manifest with labels; clips that it does not name are ignored.
    ///   - map: turns its labels into the model's classes.
    /// - Throws: `CacheError` where no clip has both scores and truth; `TableError` or `SettingError` where a label is unknown.
    package func calibrate(by truth: Manifest, map: LabelMap?, _ calibrator: Calibrator) throws -> Result {
        let ledger = try cache.reading()
        return try ledger.consistently {
            let scored = try PipelineChoice.scored(ledger, name: pipeline)
            let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
            let clips = try ScoredClips(ledger, scores: scores, model: ScoredModel(scored), truth: truth, map: map)
            guard let labels = clips.labels else { preconditionFailure("clips of a truth without it") }
            return Result(
                calibration: try calibrator.calibrate(clips.table, truth: labels), coverage: clips.coverage,
                truthCoverage: clips.truthCoverage)
        }
    }
}
