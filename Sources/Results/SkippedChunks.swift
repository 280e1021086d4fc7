import Cache
import Evaluation
import Features
import Ledger
import Sessions

/// The chunks that a pipeline left out of inference because of their level (`chunk.skip-below`), counted from the levels
/// that the cache keeps, four bytes per chunk. No score is read for it.
package struct SkippedChunks {
    private let level: Double
    /// The stage that keeps the levels.
    private let stage: StageRecord
    /// The stage that keeps the scores.
    private let scores: Int64
    private let timing: ChunkTiming
    private let ledger: Ledger
    private let reader: CacheReader

    /// For the chunks behind a stage's scores; nil if none of them is left out.
    ///
    /// - Parameter scored: the stage of its chunk or clip scores.
    /// - Throws: `LedgerError`.
    package init?(cache: CacheFolder, ledger: Ledger, pipeline: PipelineRecord, scored: StageRecord) throws {
        guard let found = Self.chunkStage(pipeline, above: scored),
            let stage = try ledger.stages().first(where: { $0.fingerprint == found.fingerprint && $0.kind == "levels" }
            ),
            let timing = try ledger.frontEnds()[stage.id].flatMap(ChunkTiming.init)
        else { return nil }
        level = found.level
        self.stage = stage
        scores = scored.id
        self.timing = timing
        self.ledger = ledger
        reader = CacheReader(cache: cache.folder, ledger: ledger)
    }

    /// For the first stage of a pipeline that keeps scores.
    ///
    /// - Throws: `LedgerError`.
    package init?(cache: CacheFolder, ledger: Ledger, pipeline: PipelineRecord) throws {
        let stages = try ledger.stages().filter { pipeline.stages.contains($0.id) }
        guard
            let scored = stages.first(where: { $0.kind == "clip-scores" })
                ?? stages.first(where: { $0.kind == "scores" })
        else { return nil }
        try self.init(cache: cache, ledger: ledger, pipeline: pipeline, scored: scored)
    }

    /// What was left out of the manifest's clips that have scores.
    ///
    /// - Parameter isWanted: clips for which it returns false are not counted.
    /// - Throws: `LedgerError`; `FileError` if levels are not as they were written.
    package func count(where isWanted: (ClipRecord) -> Bool = { _ in true }) throws -> Coverage.Skipped {
        var sum = Coverage.Skipped(below: level)
        var samples = 0
        var levels: (clip: Int64, result: ResultRecord)?
        try ledger.forEachCurrentResult(stages: [stage.id, scores]) { clip, result, source in
            guard result.stage == scores else { return levels = (clip.id, result) }
            guard let found = levels, found.clip == clip.id, isWanted(clip) else { return }
            let (time, chunks) = try self.time(found.result, source)
            samples += time.samples
            sum.chunks += time.chunks
            if time.chunks == chunks { sum.clips += 1 }
        }
        sum.seconds = Double(samples) / Double(timing.rate)
        return sum
    }

    private func time(_ result: ResultRecord, _ source: SourceRecord) throws -> (time: SkippedTime, chunks: Int) {
        var time = SkippedTime(hop: timing.hop, length: timing.length)
        let cursor = try reader.cursor(result)
        let chunks = cursor.rows
        while cursor.rows > 0 {
            _ = try cursor.next(rows: 4096) { levels, _ in
                for value in levels { time.add(isSkipped: Double(value) < level) }
            }
        }
        time.finish(samples: timing.samples(of: result, source))
        return (time, chunks)
    }

    /// The chunk stage above the one that keeps the scores, and its level; nil if it leaves nothing out. The first input of a
    /// stage decides, as in a run.
    private static func chunkStage(
        _ pipeline: PipelineRecord, above scored: StageRecord
    ) -> (fingerprint: String, level: Double)? {
        let stages = PipelineSettings(text: pipeline.settings)?.stages ?? []
        var next = stages.first { $0.fingerprint == scored.fingerprint }
        // No pipeline has more stages above one than it has in all.
        for _ in stages.indices {
            guard let stage = next else { return nil }
            if stage.uses == "chunk" {
                guard let fingerprint = stage.fingerprint,
                    let level = stage.parameters["skip-below"].flatMap(Double.init)
                else { return nil }
                return (fingerprint, level)
            }
            next = stage.from.first.flatMap { name in stages.first { $0.name == name } }
        }
        return nil
    }
}

extension ChunkTiming {
    /// A clip's samples at the pipeline's rate, without padding; nil in caches from before this was stored. A resampler may
    /// round a recording's length up: samples past the recording's own length do not count.
    func samples(of result: ResultRecord, _ source: SourceRecord) -> Int? {
        let own = source.seconds.map { Int(samples($0).rounded(.up)) }
        guard let kept = result.samples.map(Int.init) else { return own }
        return min(kept, own ?? kept)
    }
}
