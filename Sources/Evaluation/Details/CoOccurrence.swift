/// The numbers of clips that reach the thresholds of two classes.
package struct CoOccurrence: Sendable, Equatable {
    /// The maximum number of classes whose pairs are counted: a million numbers.
    package static let most = 1000

    /// The indices of the counted classes: those with a clip at their threshold, sorted by descending number of clips.
    package let classes: [Int]
    /// The number of classes with a clip at their threshold whose pairs are not counted, as there are too many classes.
    package let uncounted: Int
    /// The counts, shape (classes, classes), symmetric; the diagonal has the clips of each class.
    private var counts: [Int32]

    /// - Parameters:
    ///   - thresholds: by class, as float32.
    ///   - clipsAbove: the number of clips at or above the threshold, by class.
    init(_ table: ScoreTable, thresholds: [Float], clipsAbove: [Int]) {
        let found = clipsAbove.indices.filter { clipsAbove[$0] > 0 }.sorted {
            (clipsAbove[$1], $0) < (clipsAbove[$0], $1)
        }
        classes = Array(found.prefix(Self.most))
        uncounted = found.count - classes.count
        let (width, count) = (table.classes.count, classes.count)
        counts = [Int32](repeating: 0, count: count * count)
        var here: [Int] = []
        table.scores.withUnsafeBufferPointer { scores in
            for clip in 0..<table.clips {
                here.removeAll(keepingCapacity: true)
                for (place, index) in classes.enumerated() where scores[clip * width + index] >= thresholds[index] {
                    here.append(place)
                }
                for first in here {
                    for second in here { counts[first * count + second] += 1 }
                }
            }
        }
    }

    /// The number of clips with both classes, which are positions in `classes`; if they are the same, the class's
    /// clips.
    package func clips(_ first: Int, _ second: Int) -> Int { Int(counts[first * classes.count + second]) }

    /// The share of clips with either class that have both (the Jaccard index), 0 to 1.
    package func share(_ first: Int, _ second: Int) -> Double {
        let both = clips(first, second)
        return Double(both) / Double(clips(first, first) + clips(second, second) - both)
    }

    /// The pairs of positions with at least one clip in common, sorted by descending number of such clips.
    ///
    /// - Parameter limit: at most so many.
    package func pairs(limit: Int) -> [(first: Int, second: Int, clips: Int)] {
        var found: [(first: Int, second: Int, clips: Int)] = []
        for first in classes.indices {
            for second in classes.indices.dropFirst(first + 1) where clips(first, second) > 0 {
                found.append((first, second, clips(first, second)))
            }
        }
        return Array(found.sorted { ($1.clips, $0.first, $0.second) < ($0.clips, $1.first, $1.second) }.prefix(limit))
    }

    /// The indices of the classes that share the most clips with the class at a position in `classes`.
    ///
    /// - Parameter limit: at most so many.
    package func companions(of place: Int, limit: Int) -> [(index: Int, clips: Int)] {
        let others = classes.indices.filter { $0 != place && clips(place, $0) > 0 }
        return others.sorted { (clips(place, $1), $0) < (clips(place, $0), $1) }.prefix(limit)
            .map { (classes[$0], clips(place, $0)) }
    }
}
