import Glibc

/// Metrics of one ranking for one class.
package struct RankMetrics: Sendable, Equatable {
    /// Clips that truly have the class.
    package var positives: Int
    /// Average precision: the sum over distinct scores of (recall gained) x (precision there), without interpolation
    /// (Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 8.4). NaN without positives.
    package var averagePrecision: Double
    /// Area under the ROC curve, ties counting one half (the Mann-Whitney statistic). NaN without both kinds.
    package var auc: Double
    /// The largest F1 over all thresholds, and the highest score that reaches it (a clip counts from it upwards).
    package var bestF1: Double
    package var bestThreshold: Float

    /// Sensitivity index of the area: sqrt(2) times the normal quantile of `auc`
    /// (Hershey et al., "CNN Architectures for Large-Scale Audio Classification", 2017).
    package var dPrime: Double { Self.dPrime(auc: auc) }

    /// d' of an area under the ROC curve, which is kept 1e-12 away from 0 and 1 so that d' stays finite.
    package static func dPrime(auc: Double) -> Double {
        2.0.squareRoot() * NormalQuantile.value(min(max(auc, 1e-12), 1 - 1e-12))
    }

    /// Metrics of scores and the matching truth, two arrays of equal length.
    ///
    /// - Throws: `EvaluationError` if a score is not finite.
    package static func of(_ scores: [Float], truth: [Bool]) throws -> RankMetrics {
        guard scores.count == truth.count else {
            throw EvaluationError.shape(what: "truth", found: truth.count, expected: scores.count)
        }
        let ranking = Ranking(count: scores.count)
        scores.withUnsafeBufferPointer {
            ranking.fill($0, positivePlaces: truth.indices.filter { truth[$0] }.map(Int32.init))
        }
        return RankMetrics(ranking)
    }

    init(_ ranking: Ranking) {
        let positives = ranking.positives
        let negatives = ranking.count - positives
        var precisionSum = 0.0
        var pairs = 0.0
        var (lastHits, lastMisses) = (0, 0)
        var bestF1 = 0.0
        var bestEnd = 0
        ranking.forEachGroup { end, hits, misses in
            let gained = hits - lastHits
            if gained > 0 {
                precisionSum += Double(gained) * Double(hits) / Double(end)
                pairs += Double(gained) * (Double(negatives - misses) + 0.5 * Double(misses - lastMisses))
                let f1 = 2 * Double(hits) / Double(end + positives)
                if f1 > bestF1 { (bestF1, bestEnd) = (f1, end) }
            }
            (lastHits, lastMisses) = (hits, misses)
        }
        self.positives = positives
        averagePrecision = positives > 0 ? precisionSum / Double(positives) : .nan
        auc = positives > 0 && negatives > 0 ? pairs / (Double(positives) * Double(negatives)) : .nan
        self.bestF1 = positives > 0 ? bestF1 : .nan
        bestThreshold = bestEnd > 0 ? ranking.score(rank: bestEnd - 1) : .nan
    }
}
