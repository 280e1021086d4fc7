import Cache
import Ledger

/// The clip scores of a pipeline, clip by clip, as its aggregate stage left them.
package struct ClipScores {
    package let classes: [String]
    package let pipeline: PipelineRecord
    private let ledger: Ledger
    private let reader: CacheReader
    private let stage: Int64

    /// - Parameter pipeline: its name; nil for the one that ran last of those that make clip scores.
    /// - Throws: `CacheError` where that pipeline makes none.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?) throws {
        let found = try PipelineChoice.scored(ledger, name: pipeline)
        self.pipeline = found.pipeline
        self.ledger = ledger
        stage = found.stage.id
        classes = ClassList.decode(found.stage.classes)
        reader = CacheReader(cache: cache.folder, ledger: ledger)
    }

    /// Every clip of the manifest that has scores, in its order.
    ///
    /// - Throws: `LedgerError` and `FileError` where scores cannot be read, and what `body` throws.
    package func forEach(_ body: (ClipRecord, [Float]) throws -> Void) throws {
        try ledger.forEachCurrentResult(stages: [stage]) { clip, record in
            try body(clip, reader.floats(record).values)
        }
    }
}
