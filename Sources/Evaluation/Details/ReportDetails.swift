/// What a page shows in addition to the statistics: distributions, curves, confusions and examples.
package struct ReportDetails: Sendable, Equatable {
    /// The details of one class.
    package struct ClassDetails: Sendable, Equatable {
        package var histogram: ScoreHistogram
        /// The curve; nil without a truth, or if no clip has the class.
        package var curve: PrecisionRecallCurve?
        /// The number of clips whose truth is known for this class, if that is not known for all; the curve is of these.
        package var judged: Int?
        /// For each of `groups`, the clips at or above the threshold by group, in descending order, without empty
        /// groups.
        package var clipsByGroup: [[GroupCount]]
        /// The classes that share the most clips with this one.
        package var companions: [Companion]
        package var examples: [ExampleClip]
    }

    /// The index of a group, and the number of its clips that reach the threshold.
    package struct GroupCount: Sendable, Equatable {
        package let group: Int
        package let clips: Int
    }

    /// The index of another class, and the number of clips that reach both thresholds.
    package struct Companion: Sendable, Equatable {
        package let index: Int
        package let clips: Int
    }

    /// The maximum number of companions of a class.
    package static let mostCompanions = 6

    /// The classes, in the order of the table.
    package let classes: [ClassDetails]
    package let groups: [ClipGroups]
    package let coOccurrence: CoOccurrence
    /// The curve of all clips and classes as one ranking; nil without a truth or if no clip has a label.
    package let microCurve: PrecisionRecallCurve?
    /// nil without a truth.
    package let confusion: TopOneConfusion?
    /// The requested maximum number of examples of each kind and class.
    package let exampleLimit: Int

    /// - Parameters:
    ///   - truth: one row per clip, with the table's classes; nil for none.
    ///   - judged: a truth that is known for some clips and classes only, in place of `truth`. Curves are over the clips
    ///     known for their class, mistakes are among these, and there is neither a curve of all classes nor a confusion.
    ///   - groups: divisions of the table's clips into groups.
    ///   - examples: the maximum number of best, doubtful, falsely found and missed clips of a class, each.
    /// - Throws: `EvaluationError.shape` if the truth or groups do not match the table.
    package init(
        _ table: ScoreTable, truth: LabelTable?, judged: PartialTruth? = nil, thresholds: ClassThresholds,
        groups: [ClipGroups] = [], examples: Int = 3
    ) throws {
        try truth?.requireFit(table)
        if let judged, judged.known.count != table.classes.count {
            throw EvaluationError.shape(
                what: "classes of the truth", found: judged.known.count, expected: table.classes.count)
        }
        for groups in groups where groups.groupOf.count != table.clips {
            throw EvaluationError.shape(
                what: "clips of the \(groups.kind)s", found: groups.groupOf.count, expected: table.clips)
        }
        let clipsOf = truth?.clipsByClass()
        // As float32, the type in which scores are stored and compared.
        let limits = table.classes.map { Float(thresholds.value(of: $0)) }
        let ranking = Ranking(count: table.clips)
        var counters = groups.map { GroupCounter($0) }
        var classes: [ClassDetails] = []
        var clipsAbove: [Int] = []
        table.forEachColumn { index, column in
            let known = judged?.known[index]
            let positives = known?.positives.map { Int32($0) } ?? clipsOf?[index]
            ranking.fill(column, positivePlaces: positives ?? [])
            var above = 0
            for clip in column.indices where column[clip] >= limits[index] {
                above += 1
                for place in counters.indices { counters[place].add(clip) }
            }
            clipsAbove.append(above)
            var byGroup: [[GroupCount]] = []
            for place in counters.indices { byGroup.append(counters[place].take()) }
            classes.append(
                ClassDetails(
                    histogram: ScoreHistogram(column, positivePlaces: positives),
                    curve: positives == nil ? nil : PrecisionRecallCurve(known?.ranking(column) ?? ranking),
                    judged: known?.rows.count, clipsByGroup: byGroup, companions: [],
                    examples: ExampleClip.chosen(
                        ranking, above: above, limit: examples, hasTruth: positives != nil,
                        known: known.map { Set($0.rows) })))
        }
        coOccurrence = CoOccurrence(table, thresholds: limits, clipsAbove: clipsAbove)
        for (place, index) in coOccurrence.classes.enumerated() {
            classes[index].companions = coOccurrence.companions(of: place, limit: Self.mostCompanions).map {
                Companion(index: $0.index, clips: $0.clips)
            }
        }
        self.classes = classes
        self.groups = groups
        microCurve = truth.flatMap { PrecisionRecallCurve(table, truth: $0) }
        confusion = truth.map { TopOneConfusion(table, truth: $0) }
        exampleLimit = examples
    }

    /// Counts a class's clips by group; only the groups that occurred are reset for the next class.
    private struct GroupCounter {
        private let groupOf: [Int32]
        private var counts: [Int]
        private var met: [Int] = []

        init(_ groups: ClipGroups) {
            groupOf = groups.groupOf
            counts = [Int](repeating: 0, count: groups.names.count)
        }

        mutating func add(_ clip: Int) {
            let group = Int(groupOf[clip])
            if counts[group] == 0 { met.append(group) }
            counts[group] += 1
        }

        /// Returns the counts in descending order, and resets them for the next class.
        mutating func take() -> [GroupCount] {
            defer {
                for group in met { counts[group] = 0 }
                met.removeAll(keepingCapacity: true)
            }
            return met.map { GroupCount(group: $0, clips: counts[$0]) }.sorted {
                ($1.clips, $0.group) < ($0.clips, $1.group)
            }
        }
    }
}
