import Cache
import Errors
import Features
import Ledger
import Pipeline

/// A stage that keeps rows of every clip, and the front-end that it was computed with. By both a clip's length is known,
/// and its recording is shown as the pipeline heard it.
package struct KeptStage {
    package let pipeline: PipelineRecord
    package let stage: StageRecord
    package let timing: ChunkTiming
    /// The front-end that the chunks are cut for.
    package let frontEnd: FrontEnd
    /// The front-end's frequency band, in Hz.
    package let band: ClosedRange<Double>
    private let ledger: Ledger

    /// - Parameter pipeline: the one that the stage is of.
    /// - Throws: `CacheError` if the ledger does not record the chunks' timing; `LedgerError`.
    package init(_ stage: StageRecord, of pipeline: PipelineRecord, ledger: Ledger) throws {
        guard let told = try ledger.frontEnds()[stage.id], let timing = ChunkTiming(told), let frontEnd = told.frontEnd
        else { throw Self.untold(pipeline, ledger) }
        self.pipeline = pipeline
        self.stage = stage
        self.timing = timing
        self.frontEnd = frontEnd
        self.ledger = ledger
        band = told.band ?? 0...Double(told.rate) / 2
    }

    /// What is wrong with a pipeline of whose stages no front-end is recorded.
    static func untold(_ pipeline: PipelineRecord, _ ledger: Ledger) -> CacheError {
        CacheError(
            .badInput, path: ledger.path,
            "it does not tell how far the chunks of pipeline '\(pipeline.name)' lie apart, as an earlier version "
                + "made it; run the pipeline again, which does nothing anew and notes it")
    }

    /// Where the rows of one clip lie.
    package struct Place {
        package let result: ResultRecord
        /// The clip's file as it was when its rows were made.
        package let source: SourceRecord
        /// Samples at the pipeline's rate, without padding; nil in caches from before this was stored.
        package let samples: Int?
        /// Number of rows; of scores and embeddings, one a chunk.
        package var chunks: Int { Int(result.rowCount) }
    }

    /// Where the rows of one clip lie; nil if it has none of its file as it was last read.
    ///
    /// - Throws: `LedgerError` if a row is not what was written.
    package func place(of clip: ClipRecord) throws -> Place? {
        guard let result = try ledger.currentResult(clip: clip.name, stage: stage.id),
            let source = try ledger.clip(named: clip.name)?.source, source.content == result.content
        else { return nil }
        return Place(result: result, source: source, samples: timing.samples(of: result, source))
    }

    /// A clip's samples at the pipeline's rate. Older caches do not store lengths; the last chunk then counts as whole. Nil
    /// where the rows are none of chunks either.
    func samples(_ place: Place) -> Int? {
        if let samples = place.samples { return samples }
        guard [EdgeType.scores, .embeddings].map(\.rawValue).contains(stage.kind) else { return nil }
        return (place.chunks - 1) * timing.hop + timing.length
    }
}
