import Cache
import Ledger
import Pipeline
import Sessions

/// What the events of a table are shown with: the chunk scores of a pipeline or, where none keeps any, another stage that
/// says how long the clips are and how they were heard. The events are in the table and need no scores.
package struct EventTableStage {
    package let kept: KeptStage
    /// nil if the cache has none; there are no score curves then.
    package let scores: ChunkScores?
    /// What to tell the user about the choice of pipeline; nil if there is nothing to say.
    package let notice: String?

    /// - Parameter pipeline: its name; nil for the one that ran last among those that keep chunk scores, or if none does,
    ///   among those that keep embeddings, or else anything.
    /// - Throws: `CacheError` if there is no such pipeline, if it keeps the scores of several models, or if the ledger does
    ///   not record the chunks' timing; `LedgerError`.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?) throws {
        let asked = try PipelineChoice.find(ledger, name: PipelineChoice.split(ledger, pipeline).pipeline)
        let pipelines = try pipeline == nil ? ledger.pipelines() : [asked]
        let stages = try ledger.stages()
        let candidates = pipelines.flatMap { pipeline in
            stages.filter { pipeline.stages.contains($0.id) }.map { (pipeline: pipeline, stage: $0) }
        }
        if candidates.contains(where: { $0.stage.kind == EdgeType.scores.rawValue }) {
            let found = try ChunkScores(cache: cache, ledger: ledger, pipeline: pipeline)
            kept = found.kept
            scores = found
            notice = found.notice
            return
        }
        let frontEnds = try ledger.frontEnds()
        let timed = candidates.filter { frontEnds[$0.stage.id].flatMap(ChunkTiming.init) != nil }
        guard let best = timed.first(where: { $0.stage.kind == EdgeType.embeddings.rawValue }) ?? timed.first else {
            throw KeptStage.untold(asked, ledger)
        }
        kept = try KeptStage(best.stage, of: best.pipeline, ledger: ledger)
        scores = nil
        notice = "Pipeline '\(best.pipeline.name)' keeps no scores of chunks, so events have no score curve."
    }
}
