import Evaluation
import Random
import Testing

/// What a page shows beside the statistics, against the same worked out in the plainest way.
@Suite struct ReportDetailsTests {
    /// A table of made-up scores with a truth; scores have few values, so that many are equal.
    private struct Made {
        let table: ScoreTable
        let truth: LabelTable
        let labels: [Set<Int>]
        let thresholds: ClassThresholds
        var classes: Int { table.classes.count }

        init(seed: UInt64, clips: Int, classes: Int, steps: Int) throws {
            var draw = SplitMix64(seed: seed)
            let scores = (0..<clips * classes).map { _ in Float(draw.below(steps + 1)) / Float(steps) }
            table = try ScoreTable(
                classes: (0..<classes).map { "c\($0)" }, scores: scores,
                seconds: [Double](repeating: 1, count: clips))
            var truth = LabelTable(classes: classes)
            var labels: [Set<Int>] = []
            for _ in 0..<clips {
                let own = Set((0..<draw.below(3)).map { _ in draw.below(classes) })
                labels.append(own)
                try truth.append(own)
            }
            self.truth = truth
            self.labels = labels
            thresholds = ClassThresholds(fallback: 0.6)
        }

        func score(_ clip: Int, _ index: Int) -> Float { table.scores[clip * classes + index] }
        func isAbove(_ clip: Int, _ index: Int) -> Bool { score(clip, index) >= Float(0.6) }

        func details(examples: Int = 3, groups: [ClipGroups] = []) throws -> ReportDetails {
            try ReportDetails(table, truth: truth, thresholds: thresholds, groups: groups, examples: examples)
        }
    }

    @Test(arguments: 1...12) func theAreaUnderACurveIsTheAveragePrecision(seed: Int) throws {
        let made = try Made(seed: UInt64(seed), clips: 20 + seed * 13, classes: 5, steps: seed * 4)
        let report = try Evaluator(thresholds: made.thresholds, resamples: 0).report(made.table, truth: made.truth)
        let details = try made.details()
        for (row, found) in zip(report.classes, details.classes) {
            let expected = row.truth?.metrics.averagePrecision ?? .nan
            guard let curve = found.curve else {
                #expect(expected.isNaN)
                continue
            }
            #expect(abs(curve.precision.reduce(0, +) / Double(PrecisionRecallCurve.steps) - expected) < 1e-12)
            #expect(curve.precision.allSatisfy { (0...1.000001).contains($0) })
            #expect(curve.positives == row.truth?.metrics.positives)
        }
        let micro = try #require(details.microCurve)
        let area = micro.precision.reduce(0, +) / Double(PrecisionRecallCurve.steps)
        #expect(abs(area - (report.truth?.microAveragePrecision ?? .nan)) < 1e-12)
    }

    @Test(arguments: 1...8) func ofWhatIsKnownInPartOnlyThatCounts(seed: Int) throws {
        let made = try Made(seed: UInt64(seed), clips: 40 + seed * 11, classes: 5, steps: seed * 4)
        var draw = SplitMix64(seed: UInt64(seed) + 100)
        var truth = PartialTruth(classes: made.classes)
        for place in 0..<made.classes {
            for clip in made.labels.indices where draw.below(3) == 0 {
                truth.add(row: clip, place: place, has: made.labels[clip].contains(place))
            }
        }
        let details = try ReportDetails(
            made.table, truth: nil, judged: truth, thresholds: made.thresholds, examples: 3)
        let report = try Evaluator(thresholds: made.thresholds, resamples: 0).report(made.table, judged: truth)
        for (place, found) in details.classes.enumerated() {
            let known = truth.known[place]
            let accepted = Set(zip(known.rows, known.has).filter(\.1).map(\.0))
            let rejected = Set(known.rows).subtracting(accepted)
            #expect(found.judged == known.rows.count)
            #expect(found.histogram.clips.reduce(0, +) == made.table.clips)
            #expect(found.histogram.positives?.reduce(0, +) == accepted.count)
            // The area is the average precision over the known clips alone.
            let expected = report.classes[place].truth?.metrics.averagePrecision ?? .nan
            if let curve = found.curve {
                let area = curve.precision.reduce(0, +) / Double(PrecisionRecallCurve.steps)
                #expect(abs(area - expected) < 1e-12 && curve.positives == accepted.count)
            } else {
                #expect(expected.isNaN && accepted.isEmpty)
            }
            func clips(_ kind: ExampleClip.Kind) -> [Int] { found.examples.filter { $0.kind == kind }.map(\.clip) }
            let wrong = rejected.filter { made.isAbove($0, place) }.map { made.score($0, place) }.sorted(by: >)
            #expect(clips(.falseAlarm).allSatisfy { rejected.contains($0) })
            #expect(clips(.falseAlarm).map { made.score($0, place) } == Array(wrong.prefix(3)))
            let missed = accepted.filter { !made.isAbove($0, place) }.map { made.score($0, place) }.sorted()
            #expect(clips(.missed).allSatisfy { accepted.contains($0) })
            #expect(clips(.missed).map { made.score($0, place) } == Array(missed.prefix(3)))
        }
        #expect(details.microCurve == nil && details.confusion == nil)
    }

    @Test func aCurveOfOnePositiveAmongFour() throws {
        // Ranked second of four: precision 1/2 at every recall.
        let table = try ScoreTable(
            classes: ["a"], scores: [0.9, 0.8, 0.7, 0.6], seconds: [1, 1, 1, 1])
        var truth = LabelTable(classes: 1)
        for row in [[], [0], [], []] { try truth.append(row) }
        let details = try ReportDetails(table, truth: truth, thresholds: ClassThresholds())
        #expect(details.classes[0].curve?.precision.allSatisfy { abs($0 - 0.5) < 1e-12 } == true)
        #expect(details.classes[0].curve?.precision.count == 100)
    }

    @Test(arguments: 1...8) func confusionAgreesWithTopOne(seed: Int) throws {
        // Few values, so that the highest score is often shared.
        let made = try Made(seed: UInt64(seed), clips: 150, classes: 6, steps: 3)
        let report = try Evaluator(resamples: 0).report(made.table, truth: made.truth)
        let confusion = try #require(try made.details().confusion)
        let single = made.labels.indices.filter { made.labels[$0].count == 1 }
        #expect(confusion.clips == single.count && confusion.clips == report.truth?.singleLabelClips)
        #expect(confusion.counts.values.reduce(0, +) == single.count)
        let right = confusion.counts.filter { $0.key.label == $0.key.top }.values.reduce(0, +)
        #expect(Double(right) / Double(single.count) == report.truth?.topOneAccuracy)
        for clip in single {
            let label = try #require(made.labels[clip].first)
            let highest = (0..<made.classes).map { made.score(clip, $0) }.max()
            let tops = (0..<made.classes).filter { made.score(clip, $0) == highest }
            let top = tops == [label] ? label : tops.first { $0 != label }
            #expect(confusion.counts[.init(label: label, top: try #require(top))] ?? 0 > 0)
        }
        #expect(confusion.labels.map(\.clips).reduce(0, +) == single.count)
        #expect(confusion.mistakes.map(\.clips).reduce(0, +) == single.count - right)
    }

    @Test(arguments: 1...6) func pairsOfClassesAreCounted(seed: Int) throws {
        let made = try Made(seed: UInt64(seed), clips: 80, classes: 7, steps: 9)
        let report = try Evaluator(thresholds: made.thresholds, resamples: 0).report(made.table)
        let details = try made.details()
        let found = details.coOccurrence
        #expect(
            found.uncounted == 0
                && found.classes
                    == found.classes.sorted {
                        (report.classes[$1].clipsAbove, $0) < (report.classes[$0].clipsAbove, $1)
                    }
        )
        for (row, first) in found.classes.enumerated() {
            #expect(found.clips(row, row) == report.classes[first].clipsAbove)
            for (column, second) in found.classes.enumerated() {
                let both = (0..<80).count { made.isAbove($0, first) && made.isAbove($0, second) }
                let either = (0..<80).count { made.isAbove($0, first) || made.isAbove($0, second) }
                #expect(found.clips(row, column) == both)
                #expect(found.share(row, column) == Double(both) / Double(either))
            }
            for other in details.classes[first].companions {
                #expect(other.clips == (0..<80).count { made.isAbove($0, first) && made.isAbove($0, other.index) })
            }
        }
        let pairs = found.pairs(limit: 4)
        #expect(pairs.map(\.clips) == pairs.map(\.clips).sorted(by: >))
    }

    @Test(arguments: 0...4, 1...6) func examplesAreTheBestAndTheNearest(limit: Int, seed: Int) throws {
        let made = try Made(seed: UInt64(seed), clips: 40, classes: 4, steps: 200)
        let details = try made.details(examples: limit)
        for index in 0..<made.classes {
            let chosen = details.classes[index].examples
            func own(_ kinds: ExampleClip.Kind...) -> [ExampleClip] { chosen.filter { kinds.contains($0.kind) } }
            for example in chosen { #expect(example.score == made.score(example.clip, index)) }
            let sorted = (0..<40).map { made.score($0, index) }.sorted(by: >)
            #expect(own(.best).map(\.score) == Array(sorted.prefix(limit)))
            let above = sorted.count { $0 >= Float(0.6) }
            let over = sorted.dropFirst(limit).filter { $0 >= Float(0.6) }
            let under = sorted.dropFirst(max(limit, above))
            #expect(own(.justAbove).map(\.score) == Array(over.reversed().prefix(own(.justAbove).count)))
            #expect(own(.justBelow).map(\.score) == Array(under.prefix(own(.justBelow).count)))
            #expect(own(.justAbove, .justBelow).count == (above == 0 ? 0 : min(limit, over.count + under.count)))
            if over.count >= limit, under.count >= limit {
                #expect(own(.justAbove).count == (limit + 1) / 2 && own(.justBelow).count == limit / 2)
            }
            #expect(
                Set(own(.best, .justAbove, .justBelow).map(\.clip)).count == own(.best, .justAbove, .justBelow).count)
            let wrong = (0..<40).filter { made.isAbove($0, index) && !made.labels[$0].contains(index) }
            #expect(
                own(.falseAlarm).map(\.score) == Array(wrong.map { made.score($0, index) }.sorted(by: >).prefix(limit)))
            #expect(own(.falseAlarm).allSatisfy { wrong.contains($0.clip) })
            let missed = (0..<40).filter { !made.isAbove($0, index) && made.labels[$0].contains(index) }
            #expect(own(.missed).map(\.score) == Array(missed.map { made.score($0, index) }.sorted().prefix(limit)))
            #expect(own(.missed).allSatisfy { missed.contains($0.clip) })
        }
    }

    @Test func histogramsAndGroupsHoldEveryClip() throws {
        let made = try Made(seed: 3, clips: 90, classes: 4, steps: 25)
        let groups = ClipGroups(kind: "folder", names: ["x", "y", "z"], groupOf: (0..<90).map { Int32($0 % 3) })
        let details = try made.details(groups: [groups])
        #expect(groups.clips == [30, 30, 30])
        for (index, found) in details.classes.enumerated() {
            #expect(found.histogram.clips.reduce(0, +) == 90)
            #expect(found.histogram.positives?.reduce(0, +) == made.labels.count { $0.contains(index) })
            // Scores are whole 25ths: every other one of the 50 bins.
            for step in 0...25 {
                let here = (0..<90).count { made.score($0, index) == Float(step) / 25 }
                let bin = min(49, Int(Float(step) / 25 * 50))
                #expect(step >= 24 || found.histogram.clips[bin] == here, "\(step)")
            }
            for count in found.clipsByGroup[0] {
                #expect(count.clips == (0..<90).count { $0 % 3 == count.group && made.isAbove($0, index) })
            }
            #expect(found.clipsByGroup[0].map(\.clips).reduce(0, +) == (0..<90).count { made.isAbove($0, index) })
        }
        let short = ClipGroups(kind: "split", names: ["x"], groupOf: [0])
        #expect(throws: EvaluationError.self) { try made.details(groups: [short]) }
    }

    @Test func nothingAtAll() throws {
        let none = try ReportDetails(
            ScoreTable(classes: [], scores: [], seconds: []), truth: nil, thresholds: ClassThresholds())
        #expect(none.classes.isEmpty && none.coOccurrence.classes.isEmpty && none.confusion == nil)
        let empty = try ReportDetails(
            ScoreTable(classes: ["a"], scores: [], seconds: []), truth: LabelTable(classes: 1),
            thresholds: ClassThresholds())
        #expect(empty.classes[0].examples.isEmpty && empty.classes[0].curve == nil && empty.microCurve == nil)
        #expect(empty.confusion?.clips == 0)
    }
}
