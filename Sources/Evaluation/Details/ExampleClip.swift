/// A clip shown as an example of a class, or of a mistake about it.
package struct ExampleClip: Sendable, Hashable {
    /// The reason why a clip is shown.
    package enum Kind: String, Sendable, CaseIterable {
        /// The class's score is among the highest.
        case best
        /// The score is at or above the threshold, and among the nearest to it.
        case justAbove
        /// The score is below the threshold, and among the nearest to it.
        case justBelow
        /// The clip reaches the threshold but does not have the class according to the truth, or to reviewers; among the
        /// highest such scores.
        case falseAlarm
        /// The clip has the class according to the truth but is below the threshold; among the lowest such scores.
        case missed
    }

    package let kind: Kind
    /// The clip's row in the table of scores.
    package let clip: Int
    package let score: Float

    package init(kind: Kind, clip: Int, score: Float) {
        self.kind = kind
        self.clip = clip
        self.score = score
    }

    /// Chooses the examples of one class.
    ///
    /// - Parameters:
    ///   - ranking: the ranking of the class's scores; if there is a truth, its positives are marked.
    ///   - above: the number of clips at or above the threshold.
    ///   - limit: the maximum number of best clips, doubtful clips, false alarms and missed clips, each.
    ///   - known: the clips whose truth is known, if it is not known for all of them.
    /// - Returns: the examples, kind by kind; a clip among the best is not repeated as a doubtful one.
    static func chosen(_ ranking: Ranking, above: Int, limit: Int, hasTruth: Bool, known: Set<Int>? = nil)
        -> [ExampleClip]
    {
        func example(_ kind: Kind, _ rank: Int) -> ExampleClip {
            ExampleClip(
                kind: kind, clip: Int(ranking.entries[rank] & 0xFFFF_FFFF) >> 1, score: ranking.score(rank: rank))
        }
        let best = min(limit, ranking.count)
        var chosen = (0..<best).map { example(.best, $0) }
        // If no clip reaches the threshold, the nearest clips are already among the best.
        if above > 0 {
            let (over, under) = (max(0, above - best), ranking.count - max(above, best))
            // Half from each side; if one side has too few, the other fills up.
            let half = (limit + 1) / 2
            let upper = min(over, max(half, limit - under))
            let lower = min(under, limit - upper)
            chosen += (0..<upper).map { example(.justAbove, above - 1 - $0) }
            chosen += (0..<lower).map { example(.justBelow, max(above, best) + $0) }
        }
        guard hasTruth else { return chosen }
        let isPositive = { (rank: Int) in ranking.entries[rank] & 1 == 1 }
        let isNegative = { (rank: Int) in
            !isPositive(rank) && known?.contains(Int(ranking.entries[rank] & 0xFFFF_FFFF) >> 1) ?? true
        }
        chosen += (0..<above).lazy.filter(isNegative).prefix(limit).map { example(.falseAlarm, $0) }
        chosen += (above..<ranking.count).reversed().lazy.filter(isPositive).prefix(limit).map { example(.missed, $0) }
        return chosen
    }
}
