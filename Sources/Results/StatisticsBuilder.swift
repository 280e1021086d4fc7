import Errors
import Cache
import Corpora
import Evaluation
import Ledger

/// Collects a cache's clip and chunk scores into per-class statistics.
package struct StatisticsBuilder {
    private let cache: CacheFolder
    private let pipeline: String?

    /// - Parameter pipeline: its name; nil for the last one with clip scores.
    package init(cache: CacheFolder, pipeline: String?) {
        self.cache = cache
        self.pipeline = pipeline
    }

    /// - Parameters:
    ///   - truth: a manifest with labels; nil for statistics without it. If given, only clips that it names are counted.
    ///   - map: turns the truth's labels into the model's classes.
    ///   - thresholds: the scores from which a clip or a chunk counts as having a class; nil for the model's own.
    /// - Throws: `CacheError` if there are no scores; `TableError` if a label of the truth is not one of the classes.
    package func report(truth: Manifest?, map: LabelMap? = nil, thresholds: ClassThresholds? = nil) throws
        -> SummaryReport
    {
        let ledger = try cache.reading()
        return try ledger.consistently { try report(ledger, truth: truth, map: map, thresholds: thresholds) }
    }

    private func report(_ ledger: Ledger, truth: Manifest?, map: LabelMap?, thresholds: ClassThresholds?) throws
        -> SummaryReport
    {
        let scored = try PipelineChoice.scored(ledger, name: pipeline)
        let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        let model = ScoredModel(scored)
        let thresholds = thresholds ?? model.thresholds(given: nil)
        let clips = try ScoredClips(ledger, scores: scores, model: model, truth: truth, map: map)
        let time = try coveredTime(ledger, scored, model, clips, thresholds)
        var report = try Evaluator(thresholds: thresholds).report(
            clips.table, truth: clips.labels, hoursAbove: time?.hours)
        report.coverage = clips.coverage
        report.truthCoverage = clips.truthCoverage
        report.clipsWithoutLength = clips.unknownLengths
        report.clipsWithoutChunkScores = clips.ids.count - (time?.clips ?? 0)
        return report
    }

    /// How long each class was present, and how many clips' chunk scores that is based on; nil if there are no chunk scores.
    private func coveredTime(
        _ ledger: Ledger, _ scored: PipelineChoice.Scored, _ model: ScoredModel, _ clips: ScoredClips,
        _ thresholds: ClassThresholds
    ) throws -> (hours: [Double], clips: Int)? {
        // Rows from before the ledger stored the timing of chunks cannot be placed in time.
        guard let stage = try model.chunkScores(ledger, of: scored), try ledger.frontEnds()[stage.id] != nil else {
            return nil
        }
        let chunks = try ChunkScores(
            cache: cache, ledger: ledger,
            found: PipelineChoice.Scored(pipeline: scored.pipeline, stage: stage, notice: nil))
        var time = CoveredTime(thresholds: chunks.classes.map { thresholds.value(of: $0) })
        var found = 0
        try chunks.forEach(where: { clips.ids.contains($0.id) }) { clip in
            found += 1
            time.begin()
            var start = 0
            try clip.forEachChunk { row in
                // If the recording's length was not stored, its last chunk counts whole.
                time.add(row, from: start, to: min(start + chunks.timing.length, clip.samples ?? .max))
                start += chunks.timing.hop
            }
        }
        return found == 0 ? nil : (time.hours(rate: chunks.timing.rate), found)
    }
}
