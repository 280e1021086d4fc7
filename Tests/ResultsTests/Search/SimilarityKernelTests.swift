import Foundation
import Random
import Results
import Shards
import Testing

/// The kernels of a search against double precision, and every instruction set against the plain ones, bit by bit.
struct SimilarityKernelTests {
    static let others = SimilarityKernels.InstructionSet.allCases.compactMap { SimilarityKernels($0) }.filter {
        $0.instructionSet != .portable
    }
    static let sizes = [1, 7, 15, 16, 17, 128, 1023, 1024]

    #if arch(arm64)
        @Test(
            "NEON kernels are among those compared",
            // A machine without them has nothing to compare.
            .enabled(if: SimilarityKernels(.neon) != nil, "this processor has no NEON: its kernels are not compared"))
        func comparesNEON() { #expect(Self.others.contains { $0.instructionSet == .neon }) }
    #else
        @Test(
            "AVX2 kernels are among those compared",
            // A machine without them has nothing to compare.
            .enabled(if: SimilarityKernels(.avx2) != nil, "this processor has no AVX2: its kernels are not compared"))
        func comparesAVX2() { #expect(Self.others.contains { $0.instructionSet == .avx2 }) }

        @Test(
            "AVX-512 kernels are among those compared",
            // A machine without them has nothing to compare.
            .enabled(
                if: SimilarityKernels(.avx512) != nil, "this processor has no AVX-512: its kernels are not compared"))
        func comparesAVX512() { #expect(Self.others.contains { $0.instructionSet == .avx512 }) }
    #endif

    let portable = SimilarityKernels(.portable) ?? .best

    /// Rows in a shard's form, behind `offset` bytes, and queries of the padded length.
    private struct Case {
        let rows: [UInt8]
        let queries: [Float]
        let count: Int
        let size: Int
        let offset: Int
        let dtype: ShardDType

        init(count: Int, size: Int, queries: Int, dtype: ShardDType, offset: Int, seed: UInt64) {
            var random = SplitMix64(seed: seed)
            let values = (0..<count * size).map { _ in Float(random.uniform() * 2 - 0.7) }
            var bytes = [UInt8](repeating: 0, count: offset + count * size * dtype.size)
            values.withUnsafeBufferPointer { values in
                bytes.withUnsafeMutableBytes { _ = dtype.encode(values, to: $0.baseAddress! + offset) }
            }
            let stride = (size + 15) / 16 * 16
            var padded = [Float](repeating: 0, count: queries * stride)
            for query in 0..<queries {
                for index in 0..<size { padded[query * stride + index] = Float(random.uniform() - 0.3) }
            }
            (rows, self.queries) = (bytes, padded)
            (self.count, self.size, self.offset, self.dtype) = (count, size, offset, dtype)
        }

        var queryCount: Int { queries.count / ((size + 15) / 16 * 16) }

        func run(_ kernels: SimilarityKernels) -> (dots: [Float], squares: [Float]) {
            var (dots, squares) = (
                [Float](repeating: .nan, count: count * queryCount), [Float](repeating: .nan, count: count)
            )
            rows.withUnsafeBytes { rows in
                kernels.compare(
                    rows.baseAddress! + offset, dtype, count: count, size: size, queries: queries,
                    queryCount: queryCount, dots: &dots, squares: &squares)
            }
            return (dots, squares)
        }

        func value(_ row: Int, _ index: Int) -> Double {
            let place = offset + (row * size + index) * dtype.size
            return rows.withUnsafeBytes {
                dtype == .float32
                    ? Double($0.loadUnaligned(fromByteOffset: place, as: Float.self))
                    : Double($0.loadUnaligned(fromByteOffset: place, as: Float16.self))
            }
        }
    }

    @Test("A product is the sum in double precision, for every remainder of values and queries", arguments: sizes)
    func productIsRight(size: Int) {
        for dtype in [ShardDType.float32, .float16] {
            for queries in 1...9 {
                let made = Case(count: 3, size: size, queries: queries, dtype: dtype, offset: 0, seed: UInt64(queries))
                let (dots, squares) = made.run(portable)
                let stride = made.queries.count / queries
                for row in 0..<made.count {
                    var (square, magnitude) = (0.0, 0.0)
                    for index in 0..<size { square += made.value(row, index) * made.value(row, index) }
                    #expect(abs(Double(squares[row]) - square) <= 1e-6 * square)
                    for query in 0..<queries {
                        var dot = 0.0
                        for index in 0..<size {
                            let product = made.value(row, index) * Double(made.queries[query * stride + index])
                            dot += product
                            magnitude += abs(product)
                        }
                        #expect(abs(Double(dots[row * queries + query]) - dot) <= 1e-6 * magnitude)
                    }
                }
            }
        }
    }

    @Test("Every instruction set gives the same bits, at any address", arguments: others)
    func productIsTheSame(kernels: SimilarityKernels) {
        for size in Self.sizes {
            for dtype in [ShardDType.float32, .float16] {
                for (queries, offset) in [(1, 0), (2, 4), (3, 2), (4, 128), (5, 6), (8, 0), (11, 10)] {
                    let made = Case(
                        count: 7, size: size, queries: queries, dtype: dtype, offset: offset, seed: UInt64(size))
                    let (plain, found) = (made.run(portable), made.run(kernels))
                    #expect(found.dots.map(\.bitPattern) == plain.dots.map(\.bitPattern))
                    #expect(found.squares.map(\.bitPattern) == plain.squares.map(\.bitPattern))
                }
            }
        }
    }

    @Test("A row's results depend on no other row and no other query")
    func rowsAreIndependent() {
        for dtype in [ShardDType.float32, .float16] {
            let made = Case(count: 6, size: 129, queries: 6, dtype: dtype, offset: 0, seed: 5)
            let whole = made.run(.best)
            for row in 0..<6 {
                for query in 0..<6 {
                    var (dot, square): (Float, Float) = (0, 0)
                    made.rows.withUnsafeBytes { rows in
                        made.queries.withUnsafeBufferPointer { queries in
                            SimilarityKernels.best.compare(
                                rows.baseAddress! + row * 129 * dtype.size, dtype, count: 1, size: 129,
                                queries: queries.baseAddress! + query * 144, queryCount: 1, dots: &dot, squares: &square
                            )
                        }
                    }
                    #expect(dot.bitPattern == whole.dots[row * 6 + query].bitPattern)
                    #expect(square.bitPattern == whole.squares[row].bitPattern)
                }
            }
        }
    }

    @Test("Every half is expanded as it is, also subnormal ones, infinities and NaN", arguments: others + [.best])
    func halves(kernels: SimilarityKernels) {
        let halves = (0...UInt16.max).map { $0 }
        var query = [Float](repeating: 0, count: 16)
        query[0] = 1
        var (dots, squares) = ([Float](repeating: 0, count: 65_536), [Float](repeating: 0, count: 65_536))
        for each in [kernels, portable] {
            halves.withUnsafeBytes {
                each.compare(
                    $0.baseAddress!, .float16, count: 65_536, size: 1, queries: query, queryCount: 1, dots: &dots,
                    squares: &squares)
            }
            for (half, dot) in zip(halves, dots) {
                let value = Float(Float16(bitPattern: half))
                // A sum that begins at 0 has no negative zero.
                #expect(value.isNaN ? dot.isNaN : dot == value, "\(half)")
            }
        }
    }
}
