import Cache
import Errors
import Files
import Foundation
import Ledger
import Shards

/// Compares the embeddings of clips with queries, on threads of its own, and keeps the best.
///
/// Memory use depends on the number of queries and hits only: clips are handed over a few at a time, and each thread reads
/// rows where they are mapped.
package struct SimilarityScan: Sendable {
    /// A clip's embeddings.
    package struct ClipRows: Sendable {
        /// The clip's place in the manifest.
        package let position: Int64
        package let result: ResultRecord
        package let shard: MappedShard
        /// Chunks that are not compared, such as the query itself.
        package let excluded: Range<Int>

        package init(position: Int64, result: ResultRecord, shard: MappedShard, excluded: Range<Int> = 0..<0) {
            self.position = position
            self.result = result
            self.shard = shard
            self.excluded = excluded
        }
    }

    /// What became of the chunks; the four add up to all that were handed over.
    package struct Tally: Sendable, Equatable {
        package var compared = 0
        /// Left out as they belong to the query.
        package var excluded = 0
        /// Those that no model heard, whose rows are NaN.
        package var unheard = 0
        /// Those whose rows are all zeros, which have no direction.
        package var zero = 0

        package init(compared: Int = 0, excluded: Int = 0, unheard: Int = 0, zero: Int = 0) {
            (self.compared, self.excluded, self.unheard, self.zero) = (compared, excluded, unheard, zero)
        }

        package static func += (sum: inout Tally, other: Tally) {
            sum.compared += other.compared
            sum.excluded += other.excluded
            sum.unheard += other.unheard
            sum.zero += other.zero
        }
    }

    /// Rows that are handed over together: enough that handing over costs nothing, and few enough that the threads end at
    /// the same time.
    private static let batchRows = 4096
    /// Rows compared between two looks at the results: their products stay in the processor's cache.
    private static let stepRows = 64
    /// A row's square between these is exact enough in float32; a smaller or larger one is computed in double precision.
    private static let exact: ClosedRange<Float> = 1e-30...1e30

    package let queries: QueryVectors
    /// How many hits are kept.
    package let limit: Int
    /// Hits have at least this cosine.
    package let least: Float
    package let threads: Int
    private let kernels: SimilarityKernels

    /// - Parameters:
    ///   - queries: at least one.
    ///   - limit: at least 1, like `threads`.
    package init(
        queries: QueryVectors, limit: Int, least: Float = 0, threads: Int, kernels: SimilarityKernels = .best
    ) {
        precondition(queries.count > 0 && threads > 0, "nothing to search for, or nobody to do it")
        self.queries = queries
        self.limit = limit
        self.least = least
        self.threads = threads
        self.kernels = kernels
    }

    /// Compares every clip that `forEachClip` passes on; that closure runs on the calling thread.
    ///
    /// - Returns: the hits, the best first, and what became of the chunks. Neither depends on the number of threads.
    /// - Throws: `FileError` if rows are not as they were written, `CacheError` if they are of another size than the queries,
    ///   and what `forEachClip` throws.
    package func run(
        _ forEachClip: ((ClipRows) throws -> Void) throws -> Void
    ) throws -> (hits: [SimilarityHit], tally: Tally) {
        let queue = ClipQueue(limit: 2 * threads)
        for number in 0..<threads {
            let thread = Thread {
                let worker = Worker(self)
                do {
                    while let clips = queue.take() {
                        for clip in clips { try worker.compare(clip) }
                    }
                    queue.finish(worker.best, worker.tally)
                } catch {
                    queue.fail(error)
                }
            }
            thread.name = "search \(number)"
            thread.start()
        }
        var (batch, rows): ([ClipRows], Int) = ([], 0)
        do {
            try forEachClip { clip in
                batch.append(clip)
                rows += Int(clip.result.rowCount)
                guard rows >= Self.batchRows else { return }
                try queue.add(batch)
                (batch, rows) = ([], 0)
            }
            if !batch.isEmpty { try queue.add(batch) }
        } catch {
            queue.abandon()
            _ = try? queue.wait(threads: threads)
            throw error
        }
        queue.close()
        let parts = try queue.wait(threads: threads)
        var (best, tally) = (BestHits(limit: limit), Tally())
        for part in parts {
            best.add(part.best)
            tally += part.tally
        }
        return (best.sorted, tally)
    }

    /// What one thread has.
    private final class Worker {
        private let scan: SimilarityScan
        private(set) var best: BestHits
        private(set) var tally = Tally()
        /// (stepRows, queries) and (stepRows).
        private let dots: UnsafeMutablePointer<Float>
        private let squares: UnsafeMutablePointer<Float>

        init(_ scan: SimilarityScan) {
            self.scan = scan
            best = BestHits(limit: scan.limit)
            dots = .allocate(capacity: SimilarityScan.stepRows * scan.queries.count)
            squares = .allocate(capacity: SimilarityScan.stepRows)
        }

        deinit {
            dots.deallocate()
            squares.deallocate()
        }

        func compare(_ clip: ClipRows) throws {
            let (header, count) = (clip.shard.header, Int(clip.result.rowCount))
            guard header.columns == scan.queries.size, header.dtype != .int16 else {
                throw CacheError(
                    .badInput, path: clip.shard.path,
                    "found \(header.columns) columns of \(header.dtype.rawValue), expected embeddings of "
                        + "\(scan.queries.size) values; run 'earmark verify --repair'")
            }
            // The rows are in the processor's cache when they are compared, unless the clip is long.
            try CacheReader.check(clip.result, in: clip.shard)
            let excluded = clip.excluded.clamped(to: 0..<count)
            tally.excluded += excluded.count
            for part in [0..<excluded.lowerBound, excluded.upperBound..<count] {
                for start in stride(from: part.lowerBound, to: part.upperBound, by: SimilarityScan.stepRows) {
                    try step(clip, start..<min(start + SimilarityScan.stepRows, part.upperBound))
                }
            }
        }

        private func step(_ clip: ClipRows, _ chunks: Range<Int>) throws {
            let (header, queries) = (clip.shard.header, scan.queries)
            try withExtendedLifetime(clip.shard) {
                let bytes = try clip.shard.rows(Int(clip.result.firstRow) + chunks.lowerBound, chunks.count)
                guard let rows = bytes.baseAddress else { return }
                queries.values.withUnsafeBufferPointer { values in
                    guard let values = values.baseAddress else { return }
                    scan.kernels.compare(
                        rows, header.dtype, count: chunks.count, size: header.columns, queries: values,
                        queryCount: queries.count, dots: dots, squares: squares)
                    for row in 0..<chunks.count {
                        take(row, of: clip, chunk: chunks.lowerBound + row, rows + row * header.rowSize, values)
                    }
                }
            }
        }

        private func take(
            _ row: Int, of clip: ClipRows, chunk: Int, _ bytes: UnsafeRawPointer, _ values: UnsafePointer<Float>
        ) {
            let count = scan.queries.count
            var (dot, query) = (dots[row * count], 0)
            for other in 1..<max(1, count) where dots[row * count + other] > dot {
                (dot, query) = (dots[row * count + other], other)
            }
            var cosine = Double(dot) / Double(squares[row]).squareRoot()
            if !SimilarityScan.exact.contains(squares[row]) {
                let plain = PlainSimilarity.best(
                    bytes, clip.shard.header.dtype, size: scan.queries.size, queries: values, queryCount: count,
                    stride: scan.queries.stride)
                guard let plain else { return tally.zero += 1 }
                guard !plain.cosine.isNaN else { return tally.unheard += 1 }
                (cosine, query) = plain
            }
            tally.compared += 1
            // Rounding may leave the cosine of a row with itself a little above 1.
            let shown = min(1, Float(cosine))
            guard shown >= scan.least, shown >= best.floor else { return }
            best.add(
                SimilarityHit(
                    position: clip.position, clip: clip.result.clip, chunk: chunk, cosine: shown,
                    query: scan.queries.places[query]))
        }
    }
}

/// Hands clips to a search's threads, a few batches ahead, and collects what the threads found.
private final class ClipQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private let limit: Int
    private var waiting: [[SimilarityScan.ClipRows]] = []
    private var isClosed = false
    private var parts: [(best: BestHits, tally: SimilarityScan.Tally)] = []
    private var failed = 0
    private var failure: (any Error)?

    init(limit: Int) { self.limit = limit }

    /// Waits until there is room.
    ///
    /// - Throws: the error of a thread that failed.
    func add(_ clips: [SimilarityScan.ClipRows]) throws {
        condition.lock()
        defer { condition.unlock() }
        while waiting.count >= limit, failure == nil { condition.wait() }
        if let failure { throw failure }
        waiting.append(clips)
        condition.broadcast()
    }

    /// The next clips; nil if there are none and there will be none.
    func take() -> [SimilarityScan.ClipRows]? {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty, !isClosed, failure == nil { condition.wait() }
        guard failure == nil, !waiting.isEmpty else { return nil }
        defer { condition.broadcast() }
        return waiting.removeFirst()
    }

    /// There will be no more clips.
    func close() { change { isClosed = true } }

    /// There will be no more clips, and those that wait are dropped.
    func abandon() {
        change {
            isClosed = true
            waiting = []
        }
    }

    func finish(_ best: BestHits, _ tally: SimilarityScan.Tally) { change { parts.append((best, tally)) } }

    func fail(_ error: any Error) {
        change {
            failed += 1
            failure = failure ?? error
        }
    }

    /// Waits until all threads are done.
    ///
    /// - Throws: the error of a thread that failed.
    func wait(threads: Int) throws -> [(best: BestHits, tally: SimilarityScan.Tally)] {
        condition.lock()
        defer { condition.unlock() }
        while parts.count + failed < threads { condition.wait() }
        if let failure { throw failure }
        return parts
    }

    private func change(_ body: () -> Void) {
        condition.lock()
        body()
        condition.broadcast()
        condition.unlock()
    }
}
