import Evaluation
import Foundation
import Testing

@Suite struct AggregatorTests {
    private let rows: [[Float]] = [[0.1, 0.9], [0.5, 0.2], [0.3, 0.4], [0.5, 0.1]]

    private func result(_ aggregation: Aggregation, _ rows: [[Float]]) throws -> [Float] {
        var aggregator = Aggregator(aggregation, classes: 2)
        for row in rows { aggregator.add(row) }
        return try aggregator.finish()
    }

    @Test func meanMaxAndTop() throws {
        #expect(try result(.mean, rows) == [Float((0.1 + 0.5 + 0.3 + 0.5) / 4), Float(1.6 / 4)])
        #expect(try result(.max, rows) == [0.5, 0.9])
        #expect(try result(.topMean(k: 1), rows) == [0.5, 0.9])
        #expect(try result(.topMean(k: 2), rows) == [0.5, Float((0.9 + Double(Float(0.4))) / 2)])
        #expect(try result(.topMean(k: 9), rows) == result(.mean, rows))
    }

    /// Weights are those of the softmax, whatever their size; those of skipped chunks do not count.
    @Test func attentionIsAMeanByTheSoftmaxOfTheWeights() throws {
        let weights: [[Float]] = [[0, -3], [2, 0.5], [-1, 7], [1, 1]]
        for (shift, order) in [(Float(0), [0, 1, 2, 3]), (500, [3, 1, 0, 2]), (-500, [2, 3, 1, 0])] {
            var aggregator = Aggregator(.attention, classes: 2)
            let skipped: [Float] = [.nan, .nan]
            for place in order {
                for (row, own) in [(skipped, skipped), (rows[place], weights[place].map { $0 + shift })] {
                    row.withUnsafeBufferPointer { row in
                        own.withUnsafeBufferPointer { aggregator.add(row, weights: $0) }
                    }
                }
            }
            #expect(aggregator.chunks == 4 && aggregator.skipped == 4)
            let found = try aggregator.finish()
            for index in 0..<2 {
                let shares = weights.map { exp(Double($0[index])) }
                let wanted = zip(shares, rows).reduce(0) { $0 + $1.0 * Double($1.1[index]) } / shares.reduce(0, +)
                #expect(abs(Double(found[index]) - wanted) < 1e-4)
            }
        }
    }

    @Test func topDoesNotHangOnTheOrder() throws {
        for k in 1...5 {
            #expect(try result(.topMean(k: k), rows) == result(.topMean(k: k), rows.reversed()))
        }
    }

    @Test func meanOfManyChunksKeepsItsDigits() throws {
        var aggregator = Aggregator(.mean, classes: 1)
        for _ in 0..<100_000 { aggregator.add([0.1]) }
        #expect(try aggregator.finish() == [0.1])
    }

    @Test func isEmptyAgainAfterFinishing() throws {
        var aggregator = Aggregator(.topMean(k: 2), classes: 1)
        #expect(throws: EvaluationError.noChunks) { try aggregator.finish() }
        aggregator.add([0.9])
        #expect(aggregator.chunks == 1)
        #expect(try aggregator.finish() == [0.9])
        aggregator.add([0.2])
        #expect(try aggregator.finish() == [0.2])
    }

    /// A skipped chunk is no chunk: the others' scores are what they would be without it.
    @Test(arguments: [Aggregation.mean, .max, .topMean(k: 1), .topMean(k: 2), .topMean(k: 9)])
    func skippedChunksAreLeftOut(aggregation: Aggregation) throws {
        let skipped: [Float] = [.nan, .nan]
        for places in [[0], [4], [2, 2, 2], [0, 1, 2, 3, 4]] {
            var some = rows
            for place in places.reversed() { some.insert(skipped, at: min(place, some.count)) }
            var aggregator = Aggregator(aggregation, classes: 2)
            for row in some { aggregator.add(row) }
            #expect(aggregator.chunks == 4 && aggregator.skipped == places.count)
            #expect(try aggregator.finish() == result(aggregation, rows))
            #expect(aggregator.skipped == 0)
        }
        // A clip that nothing was heard of has no scores, which is not a score of 0.
        #expect(try result(aggregation, [skipped, skipped]).allSatisfy(\.isNaN))
    }

    @Test func namesAreChecked() throws {
        #expect(try Aggregation(name: "mean") == .mean)
        #expect(try Aggregation(name: "attention") == .attention)
        #expect(try Aggregation(name: "top-k", k: 4) == .topMean(k: 4))
        #expect(throws: EvaluationError.self) { try Aggregation(name: "median") }
        #expect(throws: EvaluationError.self) { try Aggregation(name: "top-k", k: 0) }
    }
}
