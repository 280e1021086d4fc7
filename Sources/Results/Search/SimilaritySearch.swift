import Cache
import Corpora
import Engines
import Errors
import Evaluation
import Files
import Ledger

/// What a user wants found.
package struct SearchRequest: Sendable {
    /// A clip of the cache or a file, either with `@SECONDS` behind it for one moment.
    package var like: String
    /// How many chunks are found at most, at least 1.
    package var top = 50
    /// The lowest cosine of a chunk that is found, 0 to 1.
    package var least = 0.0
    /// Whether clips of the recording that the query is of are left out.
    package var isOfOtherClips = false
    /// Chunks found in one clip with less than this many seconds between them become one result; nil: each is one.
    package var gap: Double?
    /// Patterns of the clips that are searched, in `Glob` syntax; empty for all.
    package var clips: [String] = []
    /// What results are called; nil for the query's own name.
    package var label: String?
    package var threads = 1

    package init(like: String) { self.like = like }
}

/// Finds the chunks of a cache whose embeddings are most like those of a query: exactly, by comparing every one.
package struct SimilaritySearch {
    /// A stretch that was found: one chunk, or several that were joined.
    package struct Found: Sendable, Equatable {
        package let position: Int64
        /// The numbers of the chunks, ascending.
        package let chunks: [Int]
        /// Of the stretch: `score` is the mean of its chunks' cosines, `peak` the highest.
        package let event: Event
        let clip: EventClip
    }

    /// The outcome of a search.
    package struct Outcome: Sendable {
        /// The best first.
        package var found: [Found] = []
        /// How many chunks the results have together.
        package var hits = 0
        package var tally = SimilarityScan.Tally()
        /// Clips that were left out because the query is of their recording.
        package var ownClips = 0
        /// Chunks of the query that were searched for, and those that could not be: heard by no model, or all zeros.
        package var queryChunks = 0
        package var queryUnheard = 0
        package var queryZero = 0
        package var coverage = Coverage(clips: 0, done: 0, failed: 0)
    }

    package let source: CachedEmbeddings
    package let request: SearchRequest
    /// What results are called.
    package let label: String
    /// The embeddings that are searched for.
    package let vectors: QueryVectors
    private let query: SearchQuery
    private let clips: ClipSelection

    /// Computes what is searched for.
    ///
    /// - Parameters:
    ///   - stage: the name of the stage that keeps the embeddings; nil for the only one.
    ///   - engines: open the model's file if the query is none of the cache's clips.
    /// - Throws: `CacheError` if the pipeline keeps no embeddings; `SettingError` if the query or another setting is not
    ///   right, or the query has no embedding to search for; `FileError`, `LedgerError`.
    package init(
        cache: CacheFolder, ledger: Ledger, pipeline: String?, stage: String?, request: SearchRequest,
        engines: EngineRegistry = .standard
    ) throws {
        source = try CachedEmbeddings(cache: cache, ledger: ledger, pipeline: pipeline, stage: stage)
        self.request = request
        clips = ClipSelection(request.clips)
        try clips.check(ledger)
        query = try SearchQuery(request.like, of: source, engines: engines)
        label = request.label ?? query.name
        vectors = QueryVectors(rows: query.rows, size: query.size)
        guard vectors.count > 0 else {
            let what = query.count == 1 ? "a chunk" : "\(query.count) chunks"
            let reason =
                vectors.zero == 0
                ? "that no model heard, as \(query.count == 1 ? "it is" : "they are") below the pipeline's 'skip-below'"
                : vectors.unheard == 0
                    ? "whose embedding is all zeros" : "that no model heard or whose embedding is all zeros"
            throw SettingError(
                name: "--like", found: "\(what) of \(query.name) \(reason)",
                expected: "a sound with an embedding to search for")
        }
    }

    /// The settings in a result's provenance.
    package var settings: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = [
            ("like", request.like), ("like.path", query.path), ("like.label", label), ("top", "\(request.top)"),
            ("least", "\(request.least)"),
        ]
        if let name = source.stageName { found.append(("stage", name)) }
        if request.isOfOtherClips { found.append(("not-same-clip", "true")) }
        if let gap = request.gap { found.append(("gap", "\(gap)")) }
        if !request.clips.isEmpty { found.append(("clip", request.clips.joined(separator: "; "))) }
        return found
    }

    /// Searches.
    ///
    /// - Throws: `FileError` if embeddings are not as they were written, `CacheError` if they are of another size than the
    ///   query's, `LedgerError`.
    package func run() throws -> Outcome {
        var outcome = Outcome(
            queryChunks: vectors.count, queryUnheard: vectors.unheard, queryZero: vectors.zero)
        var tally = ClipTally()
        let scan = SimilarityScan(
            queries: vectors, limit: request.top, least: Float(request.least), threads: request.threads)
        let (hits, chunks) = try scan.run { compare in
            try source.forEach(where: clips.contains) { clip in
                tally.note(clip.record)
                let isOwn = clip.record.id == query.clip?.id
                if request.isOfOtherClips, isOwn || clip.record.path.utf8.elementsEqual(query.path.utf8) {
                    outcome.ownClips += 1
                    return
                }
                try compare(
                    SimilarityScan.ClipRows(
                        position: clip.record.position, result: clip.result, shard: clip.shard,
                        excluded: isOwn ? own : 0..<0))
            }
        }
        (outcome.hits, outcome.tally) = (hits.count, chunks)
        outcome.found = try joined(hits)
        outcome.coverage = try tally.finish(source.ledger, source.pipeline, clips)
        outcome.coverage.skipped = try source.skipped?.count(where: clips.contains)
        return outcome
    }

    /// The query's own chunks and those that overlap them, which hold part of the same sound.
    private var own: Range<Int> {
        let reach = (source.timing.length - 1) / source.timing.hop
        return max(0, query.firstChunk - reach)..<query.firstChunk + query.count + reach
    }

    /// Results from hits: each chunk one, or chunks of a clip joined where the gap between them is short enough.
    private func joined(_ hits: [SimilarityHit]) throws -> [Found] {
        var clips: [Int64: (clip: EventClip, began: StartTime?)] = [:]
        for hit in hits where clips[hit.clip] == nil {
            guard let name = try source.ledger.name(of: hit.clip), let known = try source.ledger.clip(named: name)
            else {
                throw CacheError(
                    .badInput, path: source.ledger.path,
                    "clip \(hit.clip) has embeddings and no name; run 'earmark verify --repair'")
            }
            clips[hit.clip] = (
                try EventClip(known.clip, seconds: known.source?.seconds),
                ClipMetadata.began(json: known.clip.metadata)
            )
        }
        var groups: [[SimilarityHit]] = []
        for hit in hits.sorted(by: { ($0.position, $0.chunk) < ($1.position, $1.chunk) }) {
            if let gap = request.gap, let last = groups.last?.last, last.clip == hit.clip,
                let clip = clips[hit.clip]?.clip
            {
                let before = source.timing.span(of: last.chunk, in: clip)
                let after = source.timing.span(of: hit.chunk, in: clip)
                // Chunks that overlap or touch have no gap between them.
                if after.start <= before.end || after.start - before.end < gap {
                    groups[groups.count - 1].append(hit)
                    continue
                }
            }
            groups.append([hit])
        }
        let found = groups.compactMap { group -> Found? in
            guard let first = group.first, let last = group.last, let (clip, began) = clips[first.clip] else {
                return nil
            }
            let start = source.timing.span(of: first.chunk, in: clip).start
            let score = group.reduce(0.0) { $0 + Double($1.cosine) } / Double(group.count)
            return Found(
                position: first.position, chunks: group.map(\.chunk),
                event: Event(
                    clip: clip.name, path: clip.path, start: start,
                    end: source.timing.span(of: last.chunk, in: clip).end, label: label, score: score,
                    peak: Double(group.map(\.cosine).max() ?? 0), began: began?.text(after: start)), clip: clip)
        }
        return found.sorted {
            ($1.event.peak, $0.position, $0.chunks[0]) < ($0.event.peak, $1.position, $1.chunks[0])
        }
    }
}
