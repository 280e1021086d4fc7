import Tables

extension SummaryReport {
    /// `summary.json`: the same keys in the same order every time; undefined values are null. `_95` are 95 % intervals as
    /// `[low, high]`. `clips` and `hours` are what was heard, with the clips that have no scores because `skip-below` left
    /// them out as a whole, which `clips_skipped` and `hours_skipped` count; the keys after them cover the clips with
    /// scores. If a truth is given, all of them cover only the clips with scores that it names: `truth_coverage` says how
    /// many others there are. `coverage` says how many of the cache's clips are done, and `earmark` to `settings` say what
    /// made them.
    /// `threshold` applies to classes that have no other according to `thresholds`, which is in words. The keys under and after
    /// `truth` are there only with the truth.
    package func json() -> String {
        var members: [(String, JSONText)] = [
            ("clips", .integer(clips)), ("hours", .number(hours)), ("threshold", .number(thresholds.fallback)),
            ("thresholds", .string(thresholdText)),
        ]
        if skipped.clips > 0 {
            members.insert(
                contentsOf: [("clips_skipped", .integer(skipped.clips)), ("hours_skipped", .number(skipped.hours))],
                at: 2)
        }
        members += originMembers
        if clipsWithoutChunkScores > 0 {
            members.append(("clips_without_chunk_scores", .integer(clipsWithoutChunkScores)))
        }
        if clipsWithoutLength > 0 { members.append(("clips_without_length", .integer(clipsWithoutLength))) }
        if clipsWithSilencedEnd > 0 { members.append(("clips_with_silenced_end", .integer(clipsWithSilencedEnd))) }
        if let truth {
            members += [
                ("scored_classes", .integer(truth.scoredClasses)),
                ("mAP", .number(truth.meanAveragePrecision)),
                ("mAP_95", .interval(truth.meanAveragePrecisionInterval)),
                ("auc_macro", .number(truth.meanAUC)),
                ("auc_macro_95", .interval(truth.meanAUCInterval)),
                ("d_prime", .number(truth.dPrime)),
                ("d_prime_95", .interval(truth.dPrimeInterval)),
                ("micro_ap", .number(truth.microAveragePrecision)),
                ("lwlrap", .number(truth.lwlrap)),
                ("lwlrap_95", .interval(truth.lwlrapInterval)),
                ("single_label_clips", .integer(truth.singleLabelClips)),
                ("top1", .number(truth.topOneAccuracy)),
                ("top1_95", .interval(truth.topOneAccuracyInterval)),
                ("resamples", .integer(truth.resamples)),
            ]
        }
        members.append(("classes", .array(classes.map(Self.members))))
        return JSONText.object(members).text() + "\n"
    }

    private static func members(of row: ClassReport) -> JSONText {
        var members: [(String, JSONText)] = [
            ("class", .string(row.name)), ("clips_above", .integer(row.clipsAbove)),
            ("hours_above", .number(row.hoursAbove)), ("mean", .number(row.mean)),
            ("deviation", .number(row.deviation)),
        ]
        for (name, value) in zip(["q05", "q25", "q50", "q75", "q95"], row.quantiles) {
            members.append((name, .number(value)))
        }
        members += [("maximum", .number(row.maximum)), ("threshold", .number(row.threshold))]
        if let found = row.truth {
            members += [
                ("positives", .integer(found.metrics.positives)),
                ("ap", .number(found.metrics.averagePrecision)),
                ("ap_95", .interval(found.averagePrecisionInterval)),
                ("auc", .number(found.metrics.auc)),
                ("auc_95", .interval(found.aucInterval)),
                ("d_prime", .number(found.metrics.dPrime)),
                ("best_f1", .number(found.metrics.bestF1)),
                ("best_threshold", .number(shortest(found.metrics.bestThreshold))),
                ("precision", .number(found.counts.precision)),
                ("recall", .number(found.counts.recall)),
                ("f1", .number(found.counts.f1)),
            ]
        }
        return .object(members)
    }

    /// The double with the same text as the float: 0.3 rather than 0.30000001192092896.
    private static func shortest(_ value: Float) -> Double { Double("\(value)") ?? .nan }
}

extension JSONText {
    /// `[low, high]`, or null.
    static func interval(_ interval: Interval?) -> JSONText {
        interval.map { .array([.number($0.low), .number($0.high)]) } ?? .null
    }
}
