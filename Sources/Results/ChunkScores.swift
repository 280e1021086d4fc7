import Cache
import Errors
import Features
import Files
import Foundation
import Ledger
import Sessions
import Shards

/// The chunk scores of a pipeline, clip by clip, read in blocks: a ten-hour recording is never in memory as a whole.
package struct ChunkScores {
    /// A clip whose chunk scores are in the cache.
    package struct Clip {
        package let record: ClipRecord
        /// Where its scores begin: one row per chunk, one column per class.
        package let rows: CacheReader.Cursor
        /// Samples at the pipeline's rate, without padding; nil in caches from before this was stored.
        package let samples: Int?
        /// The recording's own length; nil in caches from before it was stored.
        package let seconds: Double?

        /// Passes every chunk's scores, shape (classes), to `body` in order. Those of a skipped chunk are NaN (`SkippedRow`).
        ///
        /// - Throws: `FileError`, and whatever `body` throws.
        package func forEachChunk(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
            while rows.rows > 0 {
                _ = try rows.next(rows: ChunkScores.block) { values, columns in
                    guard columns > 0 else { return }
                    for start in stride(from: 0, to: values.count, by: columns) {
                        try body(UnsafeBufferPointer(rebasing: values[start..<start + columns]))
                    }
                }
            }
        }
    }

    /// Rows read at a time.
    private static let block = 256

    package let classes: [String]
    /// The stage that keeps the scores.
    package let kept: KeptStage
    /// What to tell the user about the choice of pipeline; nil if there is nothing to say.
    package let notice: String?
    /// The chunks without scores; nil if every chunk has them.
    package let skipped: SkippedChunks?
    private let ledger: Ledger
    private let reader: CacheReader

    package var pipeline: PipelineRecord { kept.pipeline }
    package var timing: ChunkTiming { kept.timing }
    /// The front-end's frequency band, in Hz.
    package var band: ClosedRange<Double> { kept.band }

    /// - Parameter pipeline: its name; nil for the one that ran last among those that keep chunk scores.
    /// - Throws: `CacheError` if that pipeline keeps none, or the ledger does not record the chunks' timing; `LedgerError`.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?) throws {
        try self.init(cache: cache, ledger: ledger, found: PipelineChoice.chunkScored(ledger, name: pipeline))
    }

    /// For a stage that is known to keep chunk scores.
    ///
    /// - Throws: as `init(cache:ledger:pipeline:)`.
    package init(cache: CacheFolder, ledger: Ledger, found: PipelineChoice.Scored) throws {
        notice = found.notice
        self.ledger = ledger
        classes = ClassList.decode(found.stage.classes)
        kept = try KeptStage(found.stage, of: found.pipeline, ledger: ledger)
        reader = CacheReader(cache: cache.folder, ledger: ledger)
        skipped = try SkippedChunks(cache: cache, ledger: ledger, pipeline: found.pipeline, scored: found.stage)
    }

    /// Every clip of the manifest that has scores, in its order.
    ///
    /// - Parameter isWanted: clips for which it returns false are not read.
    /// - Throws: `CacheError` if rows do not match the stage's classes; `FileError`, `LedgerError`, and anything `body` throws.
    package func forEach(where isWanted: (ClipRecord) -> Bool = { _ in true }, _ body: (Clip) throws -> Void) throws {
        try ledger.forEachCurrentResult(stages: [kept.stage.id]) { clip, result, source in
            guard isWanted(clip) else { return }
            let rows = try reader.cursor(result)
            try check(columns: rows.columns, of: clip)
            try body(
                Clip(record: clip, rows: rows, samples: timing.samples(of: result, source), seconds: source.seconds))
        }
    }

    /// Where the scores of one clip lie; nil if it has none of its file as it was last read.
    ///
    /// - Throws: `LedgerError` if a row is not what was written.
    package func place(of clip: ClipRecord) throws -> KeptStage.Place? { try kept.place(of: clip) }

    /// The scores of some chunks of a clip, shape (chunks, classes), without reading the others.
    ///
    /// - Returns: the scores, and whether the clip's rows were compared with their digest, as in
    ///   `CacheReader.floats(_:rows:)`.
    /// - Throws: `CacheError` if rows do not match the stage's classes; `FileError` if they are not as they were written.
    package func values(
        _ place: KeptStage.Place, chunks: Range<Int>, of clip: ClipRecord
    ) throws -> (values: [Float], isChecked: Bool) {
        let found = try reader.floats(place.result, rows: chunks)
        try check(columns: found.columns, of: clip)
        return (found.values, found.isChecked)
    }

    private func check(columns: Int, of clip: ClipRecord) throws {
        guard columns != classes.count else { return }
        throw CacheError(
            .badInput, path: ledger.path,
            "the scores of clip '\(clip.name)' have \(columns) columns, expected the \(classes.count) classes; "
                + "run 'earmark verify --repair'")
    }
}
