/// A chunk that a search found.
package struct SimilarityHit: Sendable, Equatable {
    /// The clip's place in the manifest, and its id in the ledger.
    package let position: Int64
    package let clip: Int64
    /// The chunk's number in the clip, from 0.
    package let chunk: Int
    /// The highest cosine with any of the queries, at most 1.
    package let cosine: Float
    /// The place among the queries of the one that it is highest with; of equal ones, the first.
    package let query: Int

    package init(position: Int64, clip: Int64, chunk: Int, cosine: Float, query: Int) {
        self.position = position
        self.clip = clip
        self.chunk = chunk
        self.cosine = cosine
        self.query = query
    }

    /// The order of results: the higher cosine first; of equal ones the clip that comes first in the manifest, then the
    /// earlier chunk. No two chunks are equal in it, so results do not depend on the order in which chunks were compared.
    package static func isBetter(_ a: SimilarityHit, _ b: SimilarityHit) -> Bool {
        (b.cosine, a.position, a.chunk) < (a.cosine, b.position, b.chunk)
    }
}

/// The best of many hits, a fixed number of them at most: a binary heap with the worst on top.
package struct BestHits: Sendable {
    private let limit: Int
    private var heap: [SimilarityHit] = []

    /// - Parameter limit: how many are kept, at least 1.
    package init(limit: Int) {
        precondition(limit > 0, "nothing to keep")
        self.limit = limit
    }

    /// The cosine below which no hit can be kept any more.
    var floor: Float { heap.count < limit ? -.infinity : heap[0].cosine }

    /// Keeps a hit if it is among the best so far.
    package mutating func add(_ hit: SimilarityHit) {
        if heap.count < limit {
            heap.append(hit)
            rise(from: heap.count - 1)
        } else if SimilarityHit.isBetter(hit, heap[0]) {
            heap[0] = hit
            sink()
        }
    }

    /// Keeps the best of both.
    package mutating func add(_ other: BestHits) { for hit in other.heap { add(hit) } }

    /// The best first.
    package var sorted: [SimilarityHit] { heap.sorted(by: SimilarityHit.isBetter) }

    private mutating func rise(from start: Int) {
        var place = start
        while place > 0 {
            let above = (place - 1) / 2
            guard SimilarityHit.isBetter(heap[above], heap[place]) else { return }
            heap.swapAt(above, place)
            place = above
        }
    }

    private mutating func sink() {
        var place = 0
        while true {
            var worst = place
            for below in [2 * place + 1, 2 * place + 2] where below < heap.count {
                if SimilarityHit.isBetter(heap[worst], heap[below]) { worst = below }
            }
            if worst == place { return }
            heap.swapAt(worst, place)
            place = worst
        }
    }
}
