import Cache
import Errors
import Evaluation
import Ledger
import Sessions
import Shards

/// The embeddings that a stage of a pipeline keeps, clip by clip.
package struct CachedEmbeddings {
    /// A clip whose embeddings are in the cache.
    package struct Clip {
        package let record: ClipRecord
        /// Where its rows are: one per chunk.
        package let result: ResultRecord
        package let shard: MappedShard
        /// The recording's own length; nil in caches from before it was stored.
        package let seconds: Double?

        /// Number of chunks.
        package var chunks: Int { Int(result.rowCount) }

        /// Calls `body` with each run of chunks that a model heard, at most `CachedEmbeddings.block` of them, and their rows as
        /// they are stored, (chunks, size). The bytes must not be kept.
        ///
        /// - Throws: `FileError` if rows are missing, and what `body` throws.
        package func forEachHeard(_ body: (Range<Int>, UnsafeRawBufferPointer) throws -> Void) throws {
            try withExtendedLifetime(shard) {
                var start = 0
                while start < chunks {
                    let limit = min(chunks, start + CachedEmbeddings.block)
                    let bytes = try shard.rows(Int(result.firstRow) + start, limit - start)
                    let rowSize = shard.header.rowSize
                    func isSkipped(_ chunk: Int) -> Bool {
                        Self.isNaN(bytes, (chunk - start) * rowSize, shard.header.dtype)
                    }
                    var first = start
                    while first < limit {
                        let skips = isSkipped(first)
                        let end = (first..<limit).first { isSkipped($0) != skips } ?? limit
                        if !skips {
                            let rows = bytes[(first - start) * rowSize..<(end - start) * rowSize]
                            try body(first..<end, UnsafeRawBufferPointer(rebasing: rows))
                        }
                        first = end
                    }
                    start = limit
                }
            }
        }

        /// The row of a skipped chunk is NaN in every column (`SkippedRow`).
        private static func isNaN(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ dtype: ShardDType) -> Bool {
            switch dtype {
            case .float32: bytes.loadUnaligned(fromByteOffset: place, as: Float.self).isNaN
            case .float16: bytes.loadUnaligned(fromByteOffset: place, as: Float16.self).isNaN
            case .int16: false
            }
        }
    }

    /// Rows passed on at a time.
    package static let block = 256

    package let pipeline: PipelineRecord
    /// The stage that keeps the embeddings, and its name in the pipeline; nil if the cache does not record names.
    package let stage: StageRecord
    package let stageName: String?
    package let timing: ChunkTiming
    /// The front-end's frequency band, in Hz.
    package let band: ClosedRange<Double>
    /// What to tell the user about the choice of pipeline; nil if there is nothing to say.
    package let notice: String?
    /// The chunks without embeddings; nil if every chunk has them.
    package let skipped: SkippedChunks?
    let ledger: Ledger
    let reader: CacheReader

    /// - Parameters:
    ///   - pipeline: its name; nil for the one that ran last among those that keep embeddings.
    ///   - stage: the stage's name; nil for the only one that keeps embeddings.
    /// - Throws: `CacheError` if that pipeline keeps none, or keeps those of several models and no stage is named;
    ///   `SettingError` if the named stage keeps none; `LedgerError`.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?, stage: String?) throws {
        let found = try PipelineChoice.embedded(ledger, name: pipeline)
        self.pipeline = found.pipeline
        notice = found.notice
        self.ledger = ledger
        let settings = PipelineSettings(text: found.pipeline.settings)?.stages ?? []
        let kept = try ledger.stages().filter { $0.kind == "embeddings" && found.pipeline.stages.contains($0.id) }
        let named = kept.map { record in
            (record: record, name: settings.first { $0.fingerprint == record.fingerprint }?.name)
        }
        let names = named.compactMap(\.name).joined(separator: " or ")
        if let stage {
            guard let chosen = named.first(where: { $0.name == stage }) else {
                throw SettingError(
                    name: "--stage", found: "'\(stage)', which keeps no embeddings in '\(found.pipeline.name)'",
                    expected: names)
            }
            (self.stage, stageName) = chosen
        } else if named.count == 1, let only = named.first {
            (self.stage, stageName) = only
        } else {
            throw CacheError(
                .usage, path: ledger.path,
                "pipeline '\(found.pipeline.name)' keeps embeddings \(kept.count) times, expected --stage with one of them: "
                    + names)
        }
        let told = try ledger.frontEnds()[self.stage.id]
        guard let told, let timing = ChunkTiming(told) else {
            throw CacheError(
                .badInput, path: ledger.path,
                "it does not tell how far the chunks of pipeline '\(found.pipeline.name)' lie apart, as an earlier version "
                    + "made it; run the pipeline again, which does nothing anew and notes it")
        }
        self.timing = timing
        band = told.band ?? 0...Double(told.rate) / 2
        reader = CacheReader(cache: cache.folder, ledger: ledger)
        skipped = try SkippedChunks(cache: cache, ledger: ledger, pipeline: found.pipeline, scored: self.stage)
    }

    /// Passes every clip of the manifest that has embeddings to `body`, in its order. The rows are mapped, and not read.
    ///
    /// - Parameter isWanted: clips for which it returns false are not opened.
    /// - Throws: `FileError`, `LedgerError`, and what `body` throws.
    package func forEach(where isWanted: (ClipRecord) -> Bool, _ body: (Clip) throws -> Void) throws {
        try ledger.forEachCurrentResult(stages: [stage.id]) { clip, result, source in
            guard isWanted(clip) else { return }
            try body(
                Clip(record: clip, result: result, shard: try reader.shard(result.shard), seconds: source.seconds))
        }
    }

    /// The number format and the size of the embeddings, from the first clip that has some.
    ///
    /// - Throws: `CacheError` if no clip has; `FileError`, `LedgerError`.
    package func shape() throws -> NumpyHeader {
        var header: NumpyHeader?
        try forEach(where: { _ in header == nil }) { header = $0.shard.header }
        guard let header else {
            throw CacheError(
                .badInput, path: ledger.path,
                "no clip has embeddings yet, expected one that pipeline '\(pipeline.name)' has done")
        }
        return header
    }
}

extension ChunkTiming {
    /// When a chunk of a clip begins and ends, in seconds from its recording's start. The zeros that pad a clip's last
    /// chunk do not count.
    func span(of chunk: Int, in clip: EventClip) -> (start: Double, end: Double) {
        let start = clip.start + Double(chunk * hop) / Double(rate)
        let end = min(clip.start + Double(chunk * hop + length) / Double(rate), clip.end ?? .infinity)
        // A resampler may round a recording's length up, so that its last chunk begins within a sample of the end.
        return (max(clip.start, min(start, end - 1 / Double(rate))), end)
    }
}
