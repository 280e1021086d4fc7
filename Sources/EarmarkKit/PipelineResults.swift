import Cache
import Features
import Foundation
import Ledger
import Pipeline
import Shards
import Synchronization
import Wording

/// The results of one pipeline in a cache: scores and features, clip by clip.
///
/// The pipeline is as it was in its last run before this object was created. Clips that a run adds later are visible.
/// When a clip's rows are requested, all of them are read once and checked against their digest.
public final class PipelineResults: Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The classes of the clip scores; empty if the pipeline does not keep clip scores.
    public let classes: [String]
    private let folder: String
    private let ledger: Ledger
    private let stages: [StageRecord]
    private let frontEnds: [Int64: StageFrontEnd]
    private let reader: Mutex<CacheReader>

    init(_ cache: CacheFolder, pipeline name: String?) throws {
        folder = cache.folder
        let ledger = try cache.reading()
        self.ledger = ledger
        let found = try ledger.consistently {
            let record = try PipelineChoice.find(ledger, name: name)
            return (record, try ledger.stages().filter { record.stages.contains($0.id) }, try ledger.frontEnds())
        }
        pipeline = found.0.name
        stages = found.1
        frontEnds = found.2
        classes = found.1.first { $0.kind == EdgeType.clipScores.rawValue }.map { ClassList.decode($0.classes) } ?? []
        reader = Mutex(CacheReader(cache: cache.folder, ledger: ledger))
    }

    /// Returns the names of the cache's clips in order, whether they are done or not.
    ///
    /// - Throws: ``EarmarkKitError`` if the ledger is damaged.
    public func clipNames() throws(EarmarkKitError) -> [String] {
        try EarmarkKitError.translating {
            var names: [String] = []
            try ledger.forEachClip { names.append($0.name) }
            return names
        }
    }

    /// Returns the scores of a clip as a whole; nil if the clip is not done.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep them, there is no such clip, or its rows are
    ///   damaged.
    public func scores(of clip: String) throws(EarmarkKitError) -> TagScores? {
        try EarmarkKitError.translating {
            try rows(.clipScores, of: clip).map {
                try expect($0.count * $0.columns == classes.count, "the scores", clip)
                return TagScores(classes: classes, values: $0.values)
            }
        }
    }

    /// Calls `body` with the name and the scores of every clip that is done, one at a time, in the order of the clips.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep clip scores or rows are damaged; the error that
    ///   `body` throws.
    public func forEachClip(_ body: (_ name: String, TagScores) throws -> Void) throws {
        // The caller's own error is rethrown unchanged.
        var own: (any Error)?
        do {
            try ledger.forEachCurrentResult(stages: [try stage(.clipScores).id]) { clip, record in
                let values = try reader.withLock { try $0.floats(record).values }
                try expect(values.count == classes.count, "the scores", clip.name)
                do { try body(clip.name, TagScores(classes: classes, values: values)) } catch {
                    own = error
                    throw error
                }
            }
        } catch {
            throw own ?? EarmarkKitError(error)
        }
    }

    /// Returns the scores of a clip's chunks; nil if the clip is not done.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep them, there is no such clip, or its rows are
    ///   damaged.
    public func chunkScores(of clip: String) throws(EarmarkKitError) -> ChunkScores? {
        try EarmarkKitError.translating {
            let stage = try stage(.scores)
            guard let rows = try rows(.scores, of: clip) else { return nil }
            let classes = ClassList.decode(stage.classes)
            try expect(rows.count > 0 && rows.columns == classes.count, "the chunk scores", clip)
            let duration = frontEnds[stage.id].flatMap { told in
                (try? JSONDecoder().decode(FrontEnd.self, from: Data(told.settings.utf8))).map {
                    Double($0.chunk) / Double(told.rate)
                }
            }
            return ChunkScores(classes: classes, rows: rows, duration: duration)
        }
    }

    /// Returns the log-mel frames of a clip, one row per frame and one column per mel band, lowest band first; nil if
    /// the clip is not done. The last frames may cover only the zeros that pad the last chunk.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep them, there is no such clip, or its rows are
    ///   damaged.
    public func melFrames(of clip: String) throws(EarmarkKitError) -> FeatureRows? {
        try EarmarkKitError.translating { try rows(.mel, of: clip) }
    }

    /// Returns the samples of a clip at the pipeline's rate, padded with zeros to the end of the last chunk; nil if the
    /// clip is not done. They lie within -1 to 1, except where resampling overshoots.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep them, there is no such clip, or its rows are
    ///   damaged.
    public func samples(of clip: String) throws(EarmarkKitError) -> FeatureRows? {
        try EarmarkKitError.translating { try rows(.chunks, of: clip) }
    }

    /// Returns the embeddings of a clip, one row per chunk; nil if the clip is not done.
    ///
    /// - Throws: ``EarmarkKitError`` if the pipeline does not keep them, there is no such clip, or its rows are
    ///   damaged.
    public func embeddings(of clip: String) throws(EarmarkKitError) -> FeatureRows? {
        try EarmarkKitError.translating { try rows(.embeddings, of: clip) }
    }

    /// The only stage of the pipeline that keeps rows of a type.
    ///
    /// - Throws: `EarmarkKitError` if no stage or more than one does.
    private func stage(_ type: EdgeType) throws -> StageRecord {
        let kind = type.cacheKind ?? type.rawValue
        let found = stages.filter { $0.kind == kind }
        guard let stage = found.first, found.count == 1 else {
            let kept = Set(stages.map(\.kind)).sorted().joined(separator: ", ")
            throw EarmarkKitError(
                .usage,
                found.isEmpty
                    ? "\(folder): pipeline '\(pipeline)' keeps no \(kind)"
                        + (kept.isEmpty ? " or other rows" : ", only \(kept)")
                    : "\(folder): pipeline '\(pipeline)' keeps \(kind) in \(found.count) stages, expected one",
                file: folder)
        }
        return stage
    }

    private func rows(_ type: EdgeType, of clip: String) throws -> FeatureRows? {
        let stage = try stage(type)
        guard let record = try ledger.currentResult(clip: clip, stage: stage.id) else {
            guard try ledger.hasClip(named: clip) else { throw try unknown(clip) }
            return nil
        }
        let shard = try reader.withLock { try $0.checked(record) }
        let told = frontEnds[stage.id]
        return FeatureRows(
            .mapped(shard, first: Int(record.firstRow)), count: Int(record.rowCount), columns: shard.header.columns,
            sampleRate: told?.rate, hop: told.flatMap { $0.hop > 0 ? $0.hop : nil },
            clipSamples: record.samples.map { Int($0) })
    }

    /// Checks that rows match the classes; if they do not, the ledger is not as it was written.
    ///
    /// - Throws: `EarmarkKitError` if `fits` is false.
    private func expect(_ fits: Bool, _ what: String, _ clip: String) throws {
        guard !fits else { return }
        throw EarmarkKitError(
            .badInput,
            "\(folder): \(what) of clip '\(clip)' do not fit the classes of pipeline '\(pipeline)'; "
                + "run 'earmark verify --repair'", file: folder)
    }

    private func unknown(_ clip: String) throws -> EarmarkKitError {
        let near = NearestName.find(clip, in: try clipNames())
        return EarmarkKitError(
            .usage, "\(folder): no clip '\(clip)'" + (near.map { ", did you mean '\($0)'?" } ?? ""), file: folder)
    }
}
