import Audio
import Cache
import Corpora
import Errors
import Evaluation
import Features
import Files
import Foundation
import Ledger
import Shards

/// Makes a cache of made-up chunk scores, and embeddings if they are wanted, for benchmarks and tests: without audio or a
/// model, but otherwise as a run leaves it.
package struct ScoreCache {
    /// A clip of the cache.
    package struct Clip {
        package let name: String
        package let path: String
        /// The part of the recording that the clip is; nil for all of it.
        package let part: RecordingPart?
        /// Samples at the cache's rate; the plan derives the number of chunks from it.
        package let samples: Int
        /// The chunks' scores, shape (chunks, classes); nil if the clip has none.
        package let scores: [Float]?
        /// The chunks' embeddings, shape (chunks, embeddingSize); not read in a cache without any.
        package let embeddings: [Float]
        /// The manifest's further columns, as the ledger has them; nil if there are none.
        package let metadata: String?

        package init(
            name: String, path: String, samples: Int, scores: [Float]?, embeddings: [Float] = [],
            metadata: String? = nil, part: RecordingPart? = nil
        ) {
            self.embeddings = embeddings
            self.metadata = metadata
            self.part = part
            self.name = name
            self.path = path
            self.samples = samples
            self.scores = scores
        }
    }

    /// Clips per transaction.
    private static let batch = 1000
    /// Bytes at which a shard is sealed.
    private static let fullSize = 256 << 20

    package let cache: CacheFolder
    package let classes: [String]
    package let timing: ChunkTiming
    package let dtype: ShardDType
    /// Values in an embedding; 0 for none.
    package let embeddingSize: Int
    /// Name of the pipeline.
    package let pipeline: String

    package init(
        cache: CacheFolder, classes: [String], timing: ChunkTiming, dtype: ShardDType = .float32,
        embeddingSize: Int = 0, pipeline: String = "label"
    ) {
        self.embeddingSize = embeddingSize
        self.cache = cache
        self.classes = classes
        self.timing = timing
        self.dtype = dtype
        self.pipeline = pipeline
    }

    /// Number of chunks in a clip of this many samples, as `ChunkPlan` counts them.
    package func chunks(samples: Int) -> Int {
        samples <= timing.length ? 1 : (samples - timing.length + timing.hop - 1) / timing.hop + 1
    }

    /// Makes the cache. A clip without scores is marked failed if its index is odd, and pending if it is even.
    ///
    /// - Parameter clip: returns the clip at each index.
    /// - Throws: `TableError` or `SettingError`, `FileError`, `LedgerError`, `EvaluationError`.
    package func make(clips: Int, _ clip: (Int) -> Clip) throws {
        try cache.make()
        let ledger = try Ledger(path: cache.ledgerPath)
        try ledger.adopt(manifest: "made up", count: clips) {
            let clip = clip($0)
            return .init(clip.name, clip.path, part: clip.part?.text, metadata: clip.metadata)
        }
        let ids = try ledger.clipIDs()
        let names = ClassList.encode(classes)
        var stages = try ["scores", "clip-scores"].map { kind in
            try ledger.stageID(fingerprint: "\(pipeline) \(kind)", kind: kind, classes: names)
        }
        if embeddingSize > 0 {
            stages.append(try ledger.stageID(fingerprint: "\(pipeline) embeddings", kind: "embeddings", classes: ""))
        }
        for stage in stages { try ledger.put(told(of: stage, isClip: stage == stages[1])) }
        let record = PipelineRecord(
            name: pipeline, fingerprint: "\(pipeline) made up", stages: stages, file: "\(pipeline).yaml", updated: 1)
        try ledger.put(record)
        var (rows, whole) = (
            Appender(self, ledger, stages[0], "scores"), Appender(self, ledger, stages[1], "clip-scores")
        )
        var embedded = stages.dropFirst(2).first.map { Appender(self, ledger, $0, "embeddings") }
        var aggregator = Aggregator(.mean, classes: classes.count)
        var batch = CommitBatch(targets: record.targets)
        for place in 0..<clips {
            let clip = clip(place)
            if let scores = clip.scores {
                scores.withUnsafeBufferPointer { values in
                    for start in stride(from: 0, to: values.count, by: classes.count) {
                        aggregator.add(UnsafeBufferPointer(rebasing: values[start..<start + classes.count]))
                    }
                }
                let content = "content \(ids[place])"
                batch.results.append(try rows.append(scores, ids[place], content, clip.samples))
                batch.results.append(try whole.append(aggregator.finish(), ids[place], content, clip.samples))
                if let result = try embedded?.append(clip.embeddings, ids[place], content, clip.samples) {
                    batch.results.append(result)
                }
                // A recording that is there counts as unchanged by its size and time.
                let stat = SourceStat.find(clip.path)
                batch.sources.append(
                    SourceRecord(
                        clip: ids[place], size: stat?.size ?? 44, modified: stat?.modified ?? 1, content: content,
                        frames: Int64(clip.samples),
                        rate: Int64(timing.rate)))
                batch.done.append(ids[place])
            } else if place % 2 == 1 {
                batch.failures.append(
                    FailureRecord(
                        clip: ids[place], target: record.fingerprint, failureClass: .unreadable, reason: "made up",
                        offset: nil, size: nil, modified: nil))
            }
            if batch.done.count + batch.failures.count >= Self.batch || place == clips - 1 {
                try rows.sync()
                try whole.sync()
                try embedded?.sync()
                try ledger.commit(batch)
                batch = CommitBatch(targets: record.targets)
                try rows.seal(isLast: place == clips - 1)
                try whole.seal(isLast: place == clips - 1)
                try embedded?.seal(isLast: place == clips - 1)
            }
        }
        try ledger.close()
    }

    private func told(of stage: Int64, isClip: Bool) throws -> StageFrontEnd {
        var frontEnd = FrontEnd.standard
        (frontEnd.rate, frontEnd.chunk) = (timing.rate, timing.length)
        return StageFrontEnd(
            stage: stage, rate: timing.rate, hop: isClip ? 0 : timing.hop, chunkHop: timing.hop,
            settings: String(decoding: try JSONEncoder().encode(frontEnd), as: UTF8.self))
    }

    /// Appends rows of one stage to shards.
    private struct Appender {
        private let made: ScoreCache
        private let ledger: Ledger
        private let stage: Int64
        private let kind: String
        private var open: (id: Int64, writer: ShardWriter)?

        init(_ made: ScoreCache, _ ledger: Ledger, _ stage: Int64, _ kind: String) {
            (self.made, self.ledger, self.stage, self.kind) = (made, ledger, stage, kind)
        }

        mutating func append(_ values: [Float], _ clip: Int64, _ content: String, _ samples: Int) throws -> ResultRecord
        {
            if open == nil {
                let columns = kind == "embeddings" ? made.embeddingSize : made.classes.count
                let record = try ledger.addShard(
                    stage: stage, kind: kind, dtype: made.dtype.rawValue, columns: columns
                ) { "shards/\(kind)-\($0).npy" }
                open = (
                    record.id,
                    try ShardWriter(path: made.cache.folder + "/" + record.path, dtype: made.dtype, columns: columns)
                )
            }
            guard let open else { preconditionFailure("no shard is open") }
            try open.writer.beginClip()
            try values.withUnsafeBufferPointer { try open.writer.append($0) }
            let extent = try open.writer.endClip()
            return ResultRecord(
                clip: clip, stage: stage, content: content, shard: open.id, firstRow: Int64(extent.firstRow),
                rowCount: Int64(extent.rowCount), digest: extent.digest.description, samples: Int64(samples))
        }

        func sync() throws { try open?.writer.sync() }

        /// Seals the shard if it is full or the last.
        mutating func seal(isLast: Bool) throws {
            guard let (id, writer) = open, isLast || writer.bytes >= ScoreCache.fullSize else { return }
            let sealed = try writer.seal()
            try ledger.markSealed(
                id: id, rows: sealed.rows, bytes: sealed.bytes, digest: sealed.digest.description)
            open = nil
        }
    }
}
