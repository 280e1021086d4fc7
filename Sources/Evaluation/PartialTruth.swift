/// The known truth of a table's clips when not every clip and class was judged: the other pairs are unknown, not
/// negative.
package struct PartialTruth: Sendable, Equatable {
    /// The known rows of the table for one class, in ascending order, and whether each has the class.
    package struct Known: Sendable, Equatable {
        package var rows: [Int] = []
        package var has: [Bool] = []

        package init() {}

        /// The rows that have the class.
        var positives: [Int] { zip(rows, has).filter(\.1).map(\.0) }

        /// The known clips of a class, ranked among themselves.
        ///
        /// - Parameter column: the class's score of every clip.
        func ranking(_ column: UnsafeBufferPointer<Float>) -> Ranking {
            let ranking = Ranking(count: rows.count)
            let own = rows.map { column[$0] }
            own.withUnsafeBufferPointer { scores in
                ranking.fill(scores, positivePlaces: has.indices.filter { has[$0] }.map { Int32($0) })
            }
            return ranking
        }
    }

    /// The known rows of each class, in the table's order.
    package private(set) var known: [Known]

    /// Creates a truth of `classes` classes of which nothing is known yet.
    package init(classes: Int) { known = [Known](repeating: Known(), count: classes) }

    /// - Parameter row: the row in the table. Rows of a class must be added in ascending order.
    package mutating func add(row: Int, place: Int, has: Bool) {
        known[place].rows.append(row)
        known[place].has.append(has)
    }

    /// The number of known pairs of clip and class. `positives` counts those in which the clip has the class; `clips`
    /// counts the clips with at least one known class.
    package var pairs: Int { known.reduce(0) { $0 + $1.rows.count } }
    package var positives: Int { known.reduce(0) { $0 + $1.has.count { $0 } } }
    package var clips: Int { Set(known.flatMap(\.rows)).count }
    /// The number of classes with at least one known clip.
    package var classes: Int { known.count { !$0.rows.isEmpty } }
}

extension Evaluator {
    /// Returns the report, with each class's metrics computed over the clips whose truth is known for it. The means are of
    /// the classes with known clips of both kinds: in a class without negatives, every order is right. Metrics that rank classes against one another (micro AP, lwlrap, top-1) are NaN, since they need the truth of every class.
    ///
    /// - Parameter hoursAbove: as in `report(_:truth:hoursAbove:)`.
    /// - Throws: `EvaluationError` if the truth does not have the table's number of classes.
    package func report(_ table: ScoreTable, judged: PartialTruth, hoursAbove: [Double]? = nil) throws -> SummaryReport
    {
        guard judged.known.count == table.classes.count else {
            throw EvaluationError.shape(
                what: "classes of the truth", found: judged.known.count, expected: table.classes.count)
        }
        var report = try report(table, hoursAbove: hoursAbove)
        var scored: [RankMetrics] = []
        for (place, known) in judged.known.enumerated() {
            let column = known.rows.map { table.scores[$0 * table.classes.count + place] }
            let positives = known.has.indices.filter { known.has[$0] }
            let ranking = Ranking(count: column.count)
            column.withUnsafeBufferPointer { ranking.fill($0, positivePlaces: positives.map { Int32($0) }) }
            let threshold = Float(report.classes[place].threshold)
            var found = ClassReport.TruthReport(
                metrics: RankMetrics(ranking),
                counts: ThresholdCounts(
                    counted: column.count { $0 >= threshold }, hits: positives.count { column[$0] >= threshold },
                    positives: positives.count))
            let hasBoth = !positives.isEmpty && positives.count < column.count
            if hasBoth { scored.append(found.metrics) }
            if resamples > 0, !positives.isEmpty {
                let drawn = Bootstrap(clips: column.count, resamples: resamples, seed: seed).rankMetrics(ranking)
                found.averagePrecisionInterval = Interval(drawn.averagePrecision)
                found.aucInterval = Interval(drawn.auc)
            }
            report.classes[place].truth = found
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let auc = mean(scored.map(\.auc))
        report.truth = SummaryReport.Truth(
            scoredClasses: scored.count, meanAveragePrecision: mean(scored.map(\.averagePrecision)), meanAUC: auc,
            dPrime: auc.isNaN ? .nan : RankMetrics.dPrime(auc: auc), microAveragePrecision: .nan, lwlrap: .nan,
            singleLabelClips: 0, topOneAccuracy: .nan, meanAveragePrecisionInterval: nil, meanAUCInterval: nil,
            dPrimeInterval: nil, lwlrapInterval: nil, topOneAccuracyInterval: nil, resamples: resamples)
        return report
    }
}
