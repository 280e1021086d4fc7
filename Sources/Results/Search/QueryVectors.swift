import Shards

/// The embeddings that are searched for, each scaled to length 1.
package struct QueryVectors: Sendable, Equatable {
    /// Values in an embedding.
    package let size: Int
    /// The place of each vector among the rows that were given.
    package let places: [Int]
    /// Rows that were left out because they are not finite: those of chunks that no model heard.
    package let unheard: Int
    /// Rows that were left out because all their values are 0, so that they have no direction.
    package let zero: Int
    /// (count, stride), padded with zeros.
    package let values: [Float]

    /// The number of vectors.
    package var count: Int { places.count }
    /// The distance from one vector to the next.
    package var stride: Int { Self.stride(size) }

    /// - Parameter rows: embeddings, shape (any number, size).
    package init(rows: [Float], size: Int) {
        precondition(size > 0 && rows.count % size == 0, "broken rows")
        self.size = size
        let stride = Self.stride(size)
        var (values, places, unheard, zero): ([Float], [Int], Int, Int) = ([], [], 0, 0)
        for place in 0..<rows.count / size {
            let row = rows[place * size..<(place + 1) * size]
            let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard length.isFinite else {
                unheard += 1
                continue
            }
            guard length > 0 else {
                zero += 1
                continue
            }
            places.append(place)
            values += row.map { Float(Double($0) / length) }
            values += repeatElement(0, count: stride - size)
        }
        (self.values, self.places, self.unheard, self.zero) = (values, places, unheard, zero)
    }

    private static func stride(_ size: Int) -> Int {
        (size + SimilarityKernels.lanes - 1) / SimilarityKernels.lanes * SimilarityKernels.lanes
    }
}

/// The cosine in double precision, value by value: what the kernels are compared with, and what is used for a row whose
/// square single precision cannot hold.
package enum PlainSimilarity {
    /// The highest cosine of a row with any of the queries, and the place of that query; of equal ones, the first.
    ///
    /// - Parameters:
    ///   - row: a row of `size` values as a shard stores it.
    ///   - queries: (queryCount, stride), each of length 1.
    /// - Returns: the cosine, NaN if the row is not finite, and nil if it is all zeros.
    package static func best(
        _ row: UnsafeRawPointer, _ dtype: ShardDType, size: Int, queries: UnsafePointer<Float>, queryCount: Int,
        stride: Int
    ) -> (cosine: Double, query: Int)? {
        let values = (0..<size).map { value(row, dtype, $0) }
        let square = values.reduce(0) { $0 + $1 * $1 }
        guard square.isFinite else { return (.nan, 0) }
        guard square > 0 else { return nil }
        var best = (cosine: -Double.infinity, query: 0)
        for query in 0..<queryCount {
            var dot = 0.0
            for index in 0..<size { dot += values[index] * Double(queries[query * stride + index]) }
            let cosine = dot / square.squareRoot()
            if cosine > best.cosine { best = (cosine, query) }
        }
        return best
    }

    private static func value(_ row: UnsafeRawPointer, _ dtype: ShardDType, _ index: Int) -> Double {
        switch dtype {
        case .float32: Double(row.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
        case .float16: Double(row.loadUnaligned(fromByteOffset: index * 2, as: Float16.self))
        case .int16: preconditionFailure("samples are no embeddings")
        }
    }
}
