/// Works out the statistics of a table of scores, with or without the truth.
package struct Evaluator: Sendable {
    /// A clip counts as having a class from this score upwards.
    package var threshold: Float
    /// Bootstrap resamples for the 95 % intervals; 0 leaves them out.
    package var resamples: Int
    package var seed: UInt64

    /// - Parameters:
    ///   - threshold: score at or above which a class counts as found.
    ///   - resamples: bootstrap resamples of the intervals; 0 for none.
    ///   - seed: of the bootstrap.
    package init(threshold: Float = 0.5, resamples: Int = 200, seed: UInt64 = 1) {
        self.threshold = threshold
        self.resamples = resamples
        self.seed = seed
    }

    /// The report; `truth` has one row a clip and the table's classes, else throws `EvaluationError.shape`.
    package func report(_ table: ScoreTable, truth: LabelTable? = nil) throws -> SummaryReport {
        if let truth {
            guard truth.classes == table.classes.count else {
                throw EvaluationError.shape(
                    what: "classes of the truth", found: truth.classes, expected: table.classes.count)
            }
            guard truth.clips == table.clips else {
                throw EvaluationError.shape(what: "clips of the truth", found: truth.clips, expected: table.clips)
            }
        }
        let clipsOf = truth?.clipsByClass()
        let bootstrap =
            truth != nil && resamples > 0 && table.clips > 0
            ? Bootstrap(clips: table.clips, resamples: resamples, seed: seed) : nil
        let ranking = Ranking(count: table.clips)
        var classes: [ClassReport] = []
        var resampled = MacroSums(resamples: bootstrap?.resamples ?? 0)
        table.forEachColumn { index, column in
            ranking.fill(column, positivePlaces: clipsOf?[index] ?? [])
            var report = ClassReport(
                name: table.classes[index], column: column, ranking: ranking, seconds: table.seconds,
                threshold: threshold)
            if truth != nil {
                report.truth = classTruth(ranking, bootstrap: bootstrap, resampled: &resampled)
            }
            classes.append(report)
        }
        return SummaryReport(
            clips: table.clips, hours: table.seconds.reduce(0, +) / 3600, threshold: threshold, classes: classes,
            truth: truth.map { summary(table, truth: $0, classes, bootstrap: bootstrap, resampled: resampled) })
    }

    private func classTruth(_ ranking: Ranking, bootstrap: Bootstrap?, resampled: inout MacroSums)
        -> ClassReport.TruthReport
    {
        var report = ClassReport.TruthReport(metrics: RankMetrics(ranking))
        if let bootstrap, ranking.positives > 0 {
            let drawn = bootstrap.rankMetrics(ranking)
            if ranking.positives < ranking.count { resampled.add(drawn.averagePrecision, drawn.auc) }
            report.averagePrecisionInterval = Interval(drawn.averagePrecision)
            report.aucInterval = Interval(drawn.auc)
        }
        return report
    }

    private func summary(
        _ table: ScoreTable, truth: LabelTable, _ classes: [ClassReport], bootstrap: Bootstrap?, resampled: MacroSums
    ) -> SummaryReport.Truth {
        let scored = classes.compactMap(\.truth?.metrics).filter { $0.positives > 0 && $0.positives < table.clips }
        let meanAUC = Self.mean(scored.map(\.auc))
        let clipRanking = ClipRanking(table, truth: truth)
        let single = clipRanking.labels.map { $0 == 1 ? 1 : 0 }
        let right = clipRanking.topIsRight.map { $0 ? 1.0 : 0 }
        let singles = single.reduce(0, +)
        let aucs = resampled.meanAUC
        return SummaryReport.Truth(
            scoredClasses: scored.count, meanAveragePrecision: Self.mean(scored.map(\.averagePrecision)),
            meanAUC: meanAUC, dPrime: RankMetrics.dPrime(auc: meanAUC),
            microAveragePrecision: MicroPrecision.value(table, truth: truth), lwlrap: clipRanking.lwlrap,
            singleLabelClips: singles, topOneAccuracy: right.reduce(0, +) / Double(singles),
            meanAveragePrecisionInterval: Interval(resampled.meanAveragePrecision), meanAUCInterval: Interval(aucs),
            dPrimeInterval: Interval(aucs.map { $0.isNaN ? .nan : RankMetrics.dPrime(auc: $0) }),
            lwlrapInterval: bootstrap.flatMap {
                Interval($0.means(clipRanking.precision, weights: clipRanking.labels))
            },
            topOneAccuracyInterval: bootstrap.flatMap { Interval($0.means(right, weights: single)) },
            resamples: bootstrap?.resamples ?? 0)
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

/// Sums over classes of the resampled metrics, for the macro means; a class counts in the resamples where it has both
/// kinds of clip.
private struct MacroSums {
    private var precision: [Double]
    private var auc: [Double]
    private var count: [Int]

    init(resamples: Int) {
        precision = [Double](repeating: 0, count: resamples)
        auc = precision
        count = [Int](repeating: 0, count: resamples)
    }

    mutating func add(_ precisions: [Double], _ aucs: [Double]) {
        for lane in count.indices where !aucs[lane].isNaN {
            precision[lane] += precisions[lane]
            auc[lane] += aucs[lane]
            count[lane] += 1
        }
    }

    var meanAveragePrecision: [Double] { count.indices.map { precision[$0] / Double(count[$0]) } }
    var meanAUC: [Double] { count.indices.map { auc[$0] / Double(count[$0]) } }
}
