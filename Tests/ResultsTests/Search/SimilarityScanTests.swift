import Cache
import Foundation
import Random
import Results
import Shards
import Testing

/// What a search finds, against the plainest computation in double precision.
struct SimilarityScanTests {
    /// The difference of a cosine in single precision that counts as none.
    private static let tolerance = 2e-6

    @Test(
        "The best chunks are those of a plain computation, with any number of threads and of results",
        arguments: [1, 7, 128, 1023, 1024], [ShardDType.float32, .float16])
    func findsTheBest(size: Int, dtype: ShardDType) throws {
        let made = try EmbeddingFolder(random: 37, size: size, dtype: dtype, seed: UInt64(size))
        let query = try #require(made.clips[11].rows.first)
        var plain: [(clip: Int, chunk: Int, cosine: Double)] = []
        for (clip, (_, rows)) in made.clips.enumerated() {
            for (chunk, row) in rows.enumerated() where clip != 11 || chunk > 1 {
                plain.append((clip, chunk, made.cosine(query, row)))
            }
        }
        let positive = plain.filter { $0.cosine >= 0 }
        try #require(positive.count > 20)
        for top in [1, 3, 50, 1000] {
            var request = SearchRequest(like: "clip-11@0")
            request.top = top
            let one = try made.search(request)
            for threads in [2, 3, 7] {
                request.threads = threads
                let other = try made.search(request)
                #expect(other.found == one.found && other.tally == one.tally)
            }
            #expect(one.tally.compared == plain.count && one.tally.excluded == min(2, made.clips[11].rows.count))
            let found = one.found.map { (clip: Int($0.position), chunk: $0.chunks[0], cosine: $0.event.score) }
            // Which side of 0 a cosine next to it falls on is left to rounding.
            let unsure = plain.count { abs($0.cosine) < Self.tolerance }
            #expect(found.count <= top && found.count >= min(top, positive.count - unsure))
            for hit in found {
                let wanted = try #require(plain.first { $0.clip == hit.clip && $0.chunk == hit.chunk })
                #expect(abs(hit.cosine - wanted.cosine) < Self.tolerance)
            }
            // Nothing that is clearly better than the last one was missed.
            let floor = found.count < top ? 0 : try #require(found.last).cosine
            let kept = Set(found.map { "\($0.clip) \($0.chunk)" })
            for other in plain where !kept.contains("\(other.clip) \(other.chunk)") {
                #expect(other.cosine < floor + 2 * Self.tolerance)
            }
        }
    }

    @Test("Of equal cosines the clip that comes first counts, then the earlier chunk")
    func ties() throws {
        let (a, b): ([Float], [Float]) = ([3, 4, 0], [0, 1, 2])
        let made = try EmbeddingFolder(
            [("q", [[3, 4, 0]]), ("one", [b, a, a, b]), ("two", [a, b]), ("three", [a, [6, 8, 0], a])], size: 3)
        for threads in 1...4 {
            for top in 1...9 {
                var request = SearchRequest(like: "q")
                (request.top, request.threads) = (top, threads)
                let found = try made.search(request).found.map { "\($0.event.clip) \($0.chunks[0])" }
                let order = [
                    "one 1", "one 2", "two 0", "three 0", "three 1", "three 2", "one 0", "one 3", "two 1",
                ]
                #expect(found == Array(order.prefix(top)))
            }
        }
    }

    @Test("Rows of zeros and of NaN never match and are counted; tiny and huge ones match by their direction")
    func oddRows() throws {
        let rows: [[Float]] = [
            [1, 2, 3], [0, 0, 0], [.nan, .nan, .nan], [1, .nan, 3], [.infinity, 0, 0], [1e-25, 2e-25, 3e-25],
            [1e25, 2e25, 3e25], [-1, -2, -3], [Float(bitPattern: 714), 0, 0],
        ]
        let made = try EmbeddingFolder([("q", [[2, 4, 6]]), ("odd", rows)], size: 3)
        let outcome = try made.search(SearchRequest(like: "q"))
        #expect(
            outcome.tally == SimilarityScan.Tally(compared: 5, excluded: 1, unheard: 3, zero: 1))
        // Those in one direction differ in the last bit at most, so that their order is left to rounding.
        #expect(outcome.found.map { $0.chunks[0] }.sorted() == [0, 5, 6, 8])
        for (found, wanted) in zip(outcome.found, [1, 1, 1, 2 / 56.0.squareRoot()]) {
            #expect(abs(found.event.score - wanted) < 1e-6)
        }
    }

    @Test("A query of several chunks: each chunk counts by the one that it is most like")
    func several() throws {
        let made = try EmbeddingFolder(random: 12, size: 33, dtype: .float16, seed: 9)
        let query = made.clips[3].rows
        try #require(query.count > 2)
        var request = SearchRequest(like: "clip-3")
        request.top = 1000
        let outcome = try made.search(request)
        #expect(outcome.queryChunks == query.count && outcome.tally.excluded == query.count)
        for found in outcome.found {
            let row = made.clips[Int(found.position)].rows[found.chunks[0]]
            let best = try #require(query.map { made.cosine($0, row) }.max())
            #expect(abs(found.event.score - best) < Self.tolerance)
        }
        #expect(outcome.found.count > 10)
    }

    @Test("A heap keeps what sorting would")
    func heap() {
        var random = SplitMix64(seed: 4)
        for count in [0, 1, 2, 10, 300] {
            let hits = (0..<count).map {
                SimilarityHit(
                    position: Int64($0 / 7), clip: 0, chunk: $0 % 7, cosine: Float(random.below(20)) / 20, query: 0)
            }
            for limit in [1, 2, 17, 1000] {
                var (whole, halves) = (BestHits(limit: limit), [BestHits(limit: limit), BestHits(limit: limit)])
                for hit in hits.shuffled(using: &random) {
                    whole.add(hit)
                    halves[random.below(2)].add(hit)
                }
                let sorted = Array(hits.sorted(by: SimilarityHit.isBetter).prefix(limit))
                #expect(whole.sorted == sorted)
                halves[0].add(halves[1])
                #expect(halves[0].sorted == sorted)
            }
        }
    }

    @Test("Rows that are not what was written end the search, whatever thread meets them")
    func damage() throws {
        for threads in [1, 3] {
            let made = try EmbeddingFolder(random: 30, size: 16, dtype: .float32)
            let shards = try FileManager.default.contentsOfDirectory(atPath: made.cache.folder + "/shards")
            let name = try #require(shards.first { $0.hasPrefix("embeddings") })
            let path = made.cache.folder + "/shards/" + name
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count - 5] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
            var request = SearchRequest(like: "clip-0@0")
            request.threads = threads
            #expect(throws: (any Error).self) { try made.search(request) }
            do { _ = try made.search(request) } catch {
                #expect("\(error)".contains("are not what was written"), "\(error)")
            }
        }
    }
}

extension EmbeddingFolder {
    func search(_ request: SearchRequest) throws -> SimilaritySearch.Outcome {
        let ledger = try cache.reading()
        return try ledger.consistently {
            try SimilaritySearch(cache: cache, ledger: ledger, pipeline: nil, stage: nil, request: request).run()
        }
    }
}
