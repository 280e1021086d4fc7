import Foundation

/// Measures the level of each chunk of a clip as its samples arrive: 20 log10 of their root mean square, in dB relative to
/// full scale (1.0), so that a full-scale sine has -3.01 and digital silence minus infinity.
///
/// Padding does not count: a clip's last chunk has the level of the samples that the clip itself has of it. Squares are
/// summed in double precision over pieces of a fixed length, the greatest that divides both hop and chunk, and the pieces of
/// a chunk in order. So a level depends on the chunk's samples alone, and not on the blocks in which they arrived; and a
/// sample is squared once, whatever the overlap.
package struct ChunkLevels {
    private let plan: ChunkPlan
    private let piece: Int
    private let piecesPerChunk: Int
    private let piecesPerHop: Int
    /// The sums of squares of whole pieces, from the start of the next chunk on.
    private var sums: [Double] = []
    /// The piece that is not whole yet.
    private var sum = 0.0
    private var filled = 0
    /// The clip's samples so far.
    package private(set) var samples = 0
    /// Chunks measured so far.
    package private(set) var chunks = 0

    package init(_ plan: ChunkPlan) {
        self.plan = plan
        var (a, b) = (plan.frontEnd.chunk, plan.hop)
        while b != 0 { (a, b) = (b, a % b) }
        piece = a
        piecesPerChunk = plan.frontEnd.chunk / piece
        piecesPerHop = plan.hop / piece
    }

    /// Starts another clip.
    package mutating func reset() { self = ChunkLevels(plan) }

    /// Takes the clip's next samples, and passes the level of each chunk that they complete to `body`.
    ///
    /// - Throws: what `body` throws.
    package mutating func add(_ block: UnsafeBufferPointer<Float>, _ body: (Float) throws -> Void) rethrows {
        samples += block.count
        var start = 0
        while start < block.count {
            let end = min(block.count, start + piece - filled)
            for index in start..<end { sum += Double(block[index]) * Double(block[index]) }
            filled += end - start
            start = end
            guard filled == piece else { break }
            sums.append(sum)
            (sum, filled) = (0, 0)
            if sums.count == piecesPerChunk { try measure(body) }
        }
    }

    /// Ends the clip, which has at least one sample, and passes the level of its last chunk to `body` unless that was whole.
    ///
    /// - Throws: what `body` throws.
    package mutating func finish(_ body: (Float) throws -> Void) rethrows {
        while chunks < plan.count(samples: samples) { try measure(body) }
    }

    /// Measures the next chunk by the pieces that are there.
    private mutating func measure(_ body: (Float) throws -> Void) rethrows {
        let isWhole = sums.count == piecesPerChunk
        let energy = sums.reduce(0, +) + (isWhole ? 0 : sum)
        let count = isWhole ? plan.frontEnd.chunk : samples - chunks * plan.hop
        sums.removeFirst(min(piecesPerHop, sums.count))
        chunks += 1
        try body(Self.level(energy: energy, samples: count))
    }

    /// The level of samples with this sum of squares, in dBFS.
    package static func level(energy: Double, samples: Int) -> Float {
        Float(10 * log10(energy / Double(max(1, samples))))
    }
}
