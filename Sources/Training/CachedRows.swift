import Errors
import Cache
import Corpora
import Engines
import Features
import Files
import Foundation
import Ledger
import Shards

/// Finds the cached log-mel frames and samples of clips and checks each once against its digest.
final class CachedRows {
    private let cache: CacheFolder
    private let ledger: Ledger
    private var ids: [ClipName: Int64] = [:]
    private var mel: [Int64: ResultRecord] = [:]
    private var raw: [Int64: ResultRecord] = [:]
    /// The length of each recording, in seconds, by clip.
    private var seconds: [Int64: Double] = [:]
    private let needsMel: Bool
    private let needsRaw: Bool
    private var shards: [Int64: MappedShard] = [:]
    private let reader: CacheReader

    /// - Throws: `TrainingError` if no pipeline of the cache keeps what the network needs.
    init(cache: CacheFolder, inputs: ModelInputs, of network: String) throws {
        self.cache = cache
        needsMel = inputs.contains(.mel)
        needsRaw = inputs.contains(.wave)
        ledger = try cache.reading()
        reader = CacheReader(cache: cache.folder, ledger: ledger)
        let stages = Dictionary(uniqueKeysWithValues: try ledger.stages().map { ($0.id, $0.kind) })
        let needed = (needsMel ? ["mel"] : []) + (needsRaw ? ["raw"] : [])
        let frontEnds = try ledger.frontEnds()
        let chosen = try ledger.pipelines().first { pipeline in
            // Rows of another front-end are not valid input for these networks, even if the number of bands matches.
            let kinds = Set(
                pipeline.stages.filter { Self.isUsual(frontEnds[$0], stages[$0]) }.compactMap { stages[$0] })
            return kinds.isSuperset(of: needed)
        }
        guard let chosen else {
            throw TrainingError(
                .badInput, at: ErrorPlace(cache.folder),
                "no pipeline that ran on this cache keeps \(needed.joined(separator: " and ")) "
                    + "with the front-end of \(network) (preset yamnet), "
                    + "expected a run of Pipelines/features.yaml")
        }
        for stage in chosen.stages where Self.isUsual(frontEnds[stage], stages[stage]) {
            if stages[stage] == "mel" { try ledger.forEachResult(stage: stage) { mel[$0.clip] = $0 } }
            if stages[stage] == "raw" { try ledger.forEachResult(stage: stage) { raw[$0.clip] = $0 } }
        }
        try ledger.forEachKnownClip { ids[ClipName($1)] = $0 }
        // Rows made from a file that has since changed do not count.
        try ledger.forEachSource { source in
            if mel[source.clip]?.content != source.content { mel[source.clip] = nil }
            if raw[source.clip]?.content != source.content { raw[source.clip] = nil }
            seconds[source.clip] = source.seconds
        }
    }

    /// Whether a stage's rows are what YAMNet's front-end computes. A stage without a recorded front-end dates from
    /// when there was no other.
    private static func isUsual(_ told: StageFrontEnd?, _ kind: String?) -> Bool {
        guard let told else { return true }
        guard let found = try? JSONDecoder().decode(FrontEnd.self, from: Data(told.settings.utf8)) else { return false }
        let usual = FrontEnd.standard
        guard found.rate == usual.rate, found.chunk == usual.chunk else { return false }
        return kind == "raw" || found.identityOfFrames.isEmpty
    }

    /// A clip's rows and its length.
    struct Found {
        let mel: ChunkSet.Rows?
        let raw: ChunkSet.Rows?
        /// The number of samples before padding, at the pipeline's rate.
        let samples: Int
        /// The length of the recording itself.
        let seconds: Double
    }

    /// Returns the rows of a clip.
    ///
    /// - Throws: `TrainingError` if the clip has no rows, they are not as they were written, or its length is not
    ///   known.
    func rows(of clip: String) throws -> Found {
        let id = ids[ClipName(clip)]
        func found(_ records: [Int64: ResultRecord], _ kind: String) throws -> ResultRecord {
            guard let id, let record = records[id] else {
                throw TrainingError(
                    .badInput, at: ErrorPlace(cache.folder),
                    "clip '\(clip)' has no cached \(kind), expected a finished run of "
                        + "Pipelines/features.yaml over its manifest")
            }
            return record
        }
        let (mel, raw) = (needsMel ? try found(mel, "mel") : nil, needsRaw ? try found(raw, "raw") : nil)
        guard let id, let samples = mel?.samples ?? raw?.samples, let seconds = seconds[id] else {
            throw TrainingError(
                .badInput, at: ErrorPlace(cache.folder),
                "the rows of clip '\(clip)' were made by a version of Earmark that kept no lengths, "
                    + "expected another run of Pipelines/features.yaml over its manifest")
        }
        return Found(
            mel: try mel.map { try checked($0, clip) }, raw: try raw.map { try checked($0, clip) },
            samples: Int(samples), seconds: seconds)
    }

    /// Returns the samples of a clip, whether or not the network needs them; nil if the pipeline keeps none.
    ///
    /// - Throws: `TrainingError` if they are not as they were written.
    func samples(of clip: String) throws -> ChunkSet.Rows? {
        try ids[ClipName(clip)].flatMap { raw[$0] }.map { try checked($0, clip) }
    }

    private func checked(_ record: ResultRecord, _ clip: String) throws -> ChunkSet.Rows {
        let shard = try shards[record.shard] ?? reader.shard(record.shard)
        shards[record.shard] = shard
        let (first, count) = (Int(record.firstRow), Int(record.rowCount))
        guard try shard.digest(first, count).description == record.digest else {
            throw TrainingError(
                .badInput, at: ErrorPlace(shard.path),
                "rows \(first) to \(first + count) of clip '\(clip)' are not what was written; "
                    + "run 'earmark verify --repair'")
        }
        return ChunkSet.Rows(shard: shard, first: first, count: count)
    }
}
