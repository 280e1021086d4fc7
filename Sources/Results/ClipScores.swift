import Cache
import Ledger
import Sessions

/// The clip scores of a pipeline, clip by clip, as its aggregate stage wrote them.
package struct ClipScores {
    package let classes: [String]
    package let pipeline: PipelineRecord
    /// What finds these scores again, see `PipelineChoice.Scored`.
    package let name: String
    private let ledger: Ledger
    private let reader: CacheReader
    private let stage: Int64
    /// The chunks that the scores leave out; nil if there are none.
    package let skipped: SkippedChunks?

    /// - Parameter pipeline: its name; nil for the one that ran last among those that make clip scores.
    /// - Throws: `CacheError` if that pipeline makes none.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?) throws {
        let found = try PipelineChoice.scored(ledger, name: pipeline)
        self.pipeline = found.pipeline
        name = found.name
        self.ledger = ledger
        stage = found.stage.id
        classes = ClassList.decode(found.stage.classes)
        skipped = try SkippedChunks(cache: cache, ledger: ledger, pipeline: found.pipeline, scored: found.stage)
        reader = CacheReader(cache: cache.folder, ledger: ledger)
    }

    /// Every clip of the manifest that has scores, in its order. Those of a clip that was skipped as a whole are NaN
    /// (`SkippedRow`).
    ///
    /// - Parameter isWanted: clips for which it returns false are not read.
    /// - Throws: `FileError` if rows are not as they were written, `LedgerError`, and anything `body` throws.
    package func forEach(
        where isWanted: (ClipRecord) -> Bool = { _ in true }, _ body: (ClipRecord, [Float]) throws -> Void
    ) throws {
        try ledger.forEachCurrentResult(stages: [stage]) { clip, record in
            guard isWanted(clip) else { return }
            try body(clip, reader.floats(record).values)
        }
    }
}
