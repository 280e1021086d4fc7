/// A class that a clip has.
package struct ClipLabel: Sendable, Equatable {
    /// The class's index.
    package let place: Int
    package let score: Float
    /// 1 for the class with the clip's highest score, regardless of which classes were chosen, so that it is the same in every
    /// export. Among equal scores the class that comes first in the model has the lower rank.
    package let rank: Int

    package init(place: Int, score: Float, rank: Int) {
        self.place = place
        self.score = score
        self.rank = rank
    }
}

/// Picks a clip's labels from its scores.
package struct ClipLabels: Sendable {
    private let selection: ResultSelection

    package init(_ selection: ResultSelection) { self.selection = selection }

    /// The chosen classes whose score is at or above their threshold, by rank; at most `top` of them if that is set.
    ///
    /// - Parameter scores: (classes); NaN, which is at no threshold, for a clip that was skipped as a whole.
    package func find(_ scores: [Float]) -> [ClipLabel] {
        scores.withUnsafeBufferPointer { scores in
            var found: [ClipLabel] = []
            for place in selection.places where scores[place] >= selection.thresholds.on[place] {
                found.append(ClipLabel(place: place, score: scores[place], rank: Self.rank(of: place, scores)))
            }
            if found.count > 1 { found.sort { $0.rank < $1.rank } }
            return selection.top.map { Array(found.prefix($0)) } ?? found
        }
    }

    /// One more than the number of classes ranked before it. Counting takes a few nanoseconds per class, and nearly all clips
    /// have few labels: sorting every clip's scores took longer.
    private static func rank(of place: Int, _ scores: UnsafeBufferPointer<Float>) -> Int {
        let score = scores[place]
        var before: Int32 = 1
        for other in 0..<place { before &+= scores[other] >= score ? 1 : 0 }
        for other in place..<scores.count { before &+= scores[other] > score ? 1 : 0 }
        return Int(before)
    }
}
