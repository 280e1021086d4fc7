/// Computes the statistics of a table of scores, with or without the truth.
package struct Evaluator: Sendable {
    package var thresholds: ClassThresholds
    /// Bootstrap resamples for the 95 % intervals; 0 leaves them out.
    package var resamples: Int
    package var seed: UInt64

    /// - Parameters:
    ///   - thresholds: scores at or above which a class counts as detected.
    ///   - resamples: bootstrap resamples of the intervals; 0 for none.
    ///   - seed: seed of the bootstrap.
    package init(thresholds: ClassThresholds = ClassThresholds(), resamples: Int = 200, seed: UInt64 = 1) {
        self.thresholds = thresholds
        self.resamples = resamples
        self.seed = seed
    }

    /// The report.
    ///
    /// - Parameters:
    ///   - truth: one row per clip, with the table's classes.
    ///   - hoursAbove: for each class, the hours covered by chunks at or above its threshold; nil if there are no chunk scores.
    /// - Throws: `EvaluationError.shape` if the truth does not fit the table.
    package func report(_ table: ScoreTable, truth: LabelTable? = nil, hoursAbove: [Double]? = nil) throws
        -> SummaryReport
    {
        try truth?.requireFit(table)
        if let hoursAbove, hoursAbove.count != table.classes.count {
            throw EvaluationError.shape(
                what: "hours above the threshold", found: hoursAbove.count, expected: table.classes.count)
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
                name: table.classes[index], column: column, ranking: ranking,
                threshold: thresholds.value(of: table.classes[index]), hoursAbove: hoursAbove?[index] ?? .nan)
            if truth != nil {
                let hits = clipsOf?[index].count { column[Int($0)] >= Float(report.threshold) } ?? 0
                report.truth = classTruth(
                    ranking, counted: report.clipsAbove, hits: hits, bootstrap: bootstrap, resampled: &resampled)
            }
            classes.append(report)
        }
        return SummaryReport(
            clips: table.clips, hours: table.seconds.reduce(0, +) / 3600, thresholds: thresholds, classes: classes,
            truth: truth.map { summary(table, truth: $0, classes, bootstrap: bootstrap, resampled: resampled) })
    }

    private func classTruth(
        _ ranking: Ranking, counted: Int, hits: Int, bootstrap: Bootstrap?, resampled: inout MacroSums
    ) -> ClassReport.TruthReport {
        var report = ClassReport.TruthReport(
            metrics: RankMetrics(ranking),
            counts: ThresholdCounts(counted: counted, hits: hits, positives: ranking.positives))
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

/// Sums over classes of the resampled metrics, for the macro means; a class counts in the resamples that have both positive and
/// negative clips of it.
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
