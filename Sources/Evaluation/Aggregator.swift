import Foundation

/// Turns a clip's chunk scores into the clip's scores, row by row, in memory that does not grow with the clip.
///
/// Sums are kept in `Double` and in chunk order, so the result depends only on the clip's chunks, never on how they were
/// batched.
///
/// A row of NaN is a chunk that was skipped: it is counted and otherwise left out. The scores of a clip all of whose chunks
/// were skipped are NaN, not 0.
package struct Aggregator: Sendable {
    package let aggregation: Aggregation
    package let classes: Int
    /// Rows added since the last `finish`, without those of skipped chunks.
    package private(set) var chunks = 0
    /// Rows of skipped chunks added since the last `finish`.
    package private(set) var skipped = 0
    private var sums: [Double] = []
    /// For `max` one value per class; for `topMean` `k` values per class, descending; for `attention` the largest weight of
    /// each class so far.
    private var best: [Float] = []
    /// For `attention`: each class's sum of exp(weight - largest weight).
    private var shares: [Double] = []

    /// An empty aggregator for rows of `classes` scores.
    package init(_ aggregation: Aggregation, classes: Int) {
        self.aggregation = aggregation
        self.classes = classes
        reset()
    }

    /// Adds one chunk's scores, shape (classes).
    ///
    /// - Parameter weights: its weights, shape (classes); read for `attention` only, which needs them.
    package mutating func add(_ row: UnsafeBufferPointer<Float>, weights: UnsafeBufferPointer<Float>? = nil) {
        precondition(row.count == classes, "a row holds one score a class")
        guard !SkippedRow.matches(row) else { return skipped += 1 }
        switch aggregation {
        case .mean:
            for index in 0..<classes { sums[index] += Double(row[index]) }
        case .max:
            for index in 0..<classes where row[index] > best[index] { best[index] = row[index] }
        case .topMean(let k):
            let kept = Swift.min(chunks, k)
            for index in 0..<classes { insert(row[index], class: index, k: k, kept: kept) }
        case .attention:
            guard let weights, weights.count == classes else { preconditionFailure("attention without weights") }
            for index in 0..<classes { weigh(row[index], by: weights[index], class: index) }
        }
        chunks += 1
    }

    /// Adds one chunk's scores, shape (classes).
    package mutating func add(_ row: [Float]) {
        row.withUnsafeBufferPointer { add($0) }
    }

    /// Returns the clip's scores, shape (classes), and resets the aggregator. Throws `EvaluationError.noChunks` if nothing was
    /// added.
    package mutating func finish() throws -> [Float] {
        guard chunks + skipped > 0 else { throw EvaluationError.noChunks }
        defer { reset() }
        guard chunks > 0 else { return [Float](repeating: .nan, count: classes) }
        switch aggregation {
        case .mean:
            let count = Double(chunks)
            return sums.map { Float($0 / count) }
        case .max: return best
        case .topMean(let k):
            let kept = Swift.min(chunks, k)
            return (0..<classes).map { index in
                var sum = 0.0
                for place in 0..<kept { sum += Double(best[index * k + place]) }
                return Float(sum / Double(kept))
            }
        case .attention: return (0..<classes).map { Float(sums[$0] / shares[$0]) }
        }
    }

    /// Adds a term to the weighted mean. Sums are relative to the largest weight so far, so that no exponential overflows.
    private mutating func weigh(_ value: Float, by weight: Float, class index: Int) {
        if weight > best[index] {
            let shrunk = exp(Double(best[index]) - Double(weight))
            sums[index] *= shrunk
            shares[index] *= shrunk
            best[index] = weight
        }
        let share = exp(Double(weight) - Double(best[index]))
        sums[index] += share * Double(value)
        shares[index] += share
    }

    private mutating func insert(_ value: Float, class index: Int, k: Int, kept: Int) {
        let base = index * k
        if kept == k && value <= best[base + k - 1] { return }
        var place = kept == k ? k - 1 : kept
        while place > 0 && best[base + place - 1] < value {
            best[base + place] = best[base + place - 1]
            place -= 1
        }
        best[base + place] = value
    }

    private mutating func reset() {
        (chunks, skipped) = (0, 0)
        switch aggregation {
        case .mean: sums = [Double](repeating: 0, count: classes)
        case .max: best = [Float](repeating: -.infinity, count: classes)
        case .topMean(let k): best = [Float](repeating: -.infinity, count: classes * k)
        case .attention:
            sums = [Double](repeating: 0, count: classes)
            shares = sums
            best = [Float](repeating: -.infinity, count: classes)
        }
    }
}
