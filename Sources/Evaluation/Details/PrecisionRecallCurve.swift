/// A curve of precision over recall, without interpolation, in steps of 0.01 in recall.
///
/// The precision of a step is the mean of the curve over it, so that the area under the steps is exactly the average
/// precision, whatever the number of positives.
package struct PrecisionRecallCurve: Sendable, Equatable {
    /// The number of steps, which have equal width, from recall 0 to 1.
    package static let steps = 100

    /// The number of positives: clips that have the class, or labels if the curve covers all classes.
    package let positives: Int
    /// The mean precision of each step, 0 to 1.
    package private(set) var precision = [Double](repeating: 0, count: steps)
    private var found = 0

    /// - Parameter positives: at least 1.
    init(positives: Int) {
        precondition(positives > 0, "a curve of no positives")
        self.positives = positives
    }

    /// Creates the curve of one class; nil if no clip has it.
    init?(_ ranking: Ranking) {
        guard ranking.positives > 0 else { return nil }
        self.init(positives: ranking.positives)
        var last = 0
        var curve = self
        ranking.forEachGroup { end, hits, _ in
            if hits > last { curve.add(gained: hits - last, precision: Double(hits) / Double(end)) }
            last = hits
        }
        self = curve
    }

    /// Creates the curve of all clips and classes as one ranking; nil if no clip has a label.
    init?(_ table: ScoreTable, truth: LabelTable) {
        guard truth.total > 0 else { return nil }
        self.init(positives: truth.total)
        var curve = self
        MicroPrecision.forEachLevel(table, truth: truth) { gained, hits, counted in
            curve.add(gained: gained, precision: Double(hits) / Double(counted))
        }
        self = curve
    }

    /// Adds the next positives, which all have the same score, and the precision at that score.
    private mutating func add(gained: Int, precision value: Double) {
        let width = Double(Self.steps) / Double(positives)
        var from = Double(found) * width
        found += gained
        let to = Double(found) * width
        var step = min(Int(from), Self.steps - 1)
        while from < to, step < Self.steps {
            let end = min(to, Double(step + 1))
            precision[step] += (end - from) * value
            from = end
            step += 1
        }
    }
}
