/// The goal for which a class's threshold is chosen.
package enum ThresholdGoal: Sendable, Equatable, CustomStringConvertible {
    /// The largest F1; if several thresholds reach it, the highest.
    case bestF1
    /// The largest recall at a precision of at least the given value, which is above 0 and at most 1; if several thresholds
    /// have that recall, the highest. A lower one of the same recall would only add false positives.
    case precision(Double)

    package var description: String {
        switch self {
        case .bestF1: "best F1"
        case .precision(let least): "precision of at least \(least)"
        }
    }
}

extension Ranking {
    /// How many clips, best first, are counted at the threshold for a goal, and how many of them truly have the class; nil if
    /// no threshold will do, because there is no positive clip or the precision is never reached.
    ///
    /// A cut comes only at the end of a group of equal scores, and only if the group contains a positive: below it every
    /// threshold is worse for either goal until the next positive.
    func cut(for goal: ThresholdGoal) -> (end: Int, hits: Int)? {
        var found: (end: Int, hits: Int)?
        var best = 0.0
        var last = 0
        forEachGroup { end, hits, _ in
            defer { last = hits }
            guard hits > last else { return }
            switch goal {
            case .bestF1:
                let f1 = 2 * Double(hits) / Double(end + positives)
                if f1 > best { (best, found) = (f1, (end, hits)) }
            case .precision(let least):
                if Double(hits) / Double(end) >= least { found = (end, hits) }
            }
        }
        return found
    }

    /// The largest precision at any threshold; 0 without a positive clip.
    var bestPrecision: Double {
        var best = 0.0
        forEachGroup { end, hits, _ in best = max(best, Double(hits) / Double(end)) }
        return best
    }

    /// The threshold that counts exactly the best `end` clips, at least one: midway between the last of them and the next.
    func threshold(cutAt end: Int) -> Double {
        Self.middle(score(rank: end - 1), end < count ? score(rank: end) : nil)
    }

    /// A threshold between two neighbouring scores; below the last score, between it and 0.
    ///
    /// Any value in the gap counts the same of these clips. The midpoint leaves both neighbours the same room for unseen clips,
    /// as in decision trees (Breiman et al., "Classification and Regression Trees", 1984); the upper score itself, the other
    /// usual choice, loses the first new clip that is a hair below it. It is rounded to single precision, the precision of
    /// scores, so that its text is short; if the gap is too narrow for that, it is the upper score.
    static func middle(_ upper: Float, _ lower: Float?) -> Double {
        let lower = lower ?? min(0, upper)
        let rounded = Float((Double(upper) + Double(lower)) / 2)
        let short = Double("\(rounded)") ?? Double(upper)
        // It must count the same clips whether it is read as a double or as a float.
        let isBetween = rounded > lower && rounded <= upper && short > Double(lower) && short <= Double(upper)
        return isBetween ? short : Double(upper)
    }
}
