/// The class with the highest score of each clip that has exactly one label, counted by label and class.
package struct TopOneConfusion: Sendable, Equatable {
    /// A label and the class with the highest score, as indices.
    package struct Pair: Hashable, Sendable {
        package let label: Int
        package let top: Int

        package init(label: Int, top: Int) {
            self.label = label
            self.top = top
        }
    }

    /// The number of clips with exactly one label.
    package private(set) var clips = 0
    /// The number of clips of each pair; pairs without clips are omitted.
    package private(set) var counts: [Pair: Int] = [:]

    /// Counts the pairs of a table. As in the top-1 accuracy, ties count against the clip: of several classes with the
    /// highest score, the first that is not the label is used.
    init(_ table: ScoreTable, truth: LabelTable) {
        let width = table.classes.count
        table.scores.withUnsafeBufferPointer { scores in
            for clip in 0..<table.clips {
                let own = truth.row(clip)
                guard own.count == 1, let label = own.first.map(Int.init) else { continue }
                clips += 1
                var top = label
                var best = scores[clip * width + label]
                for other in 0..<width where other != label {
                    let score = scores[clip * width + other]
                    if score > best || score == best && top == label { (top, best) = (other, score) }
                }
                counts[Pair(label: label, top: top), default: 0] += 1
            }
        }
    }

    /// The labels that occur, in ascending order, with their numbers of clips.
    package var labels: [(place: Int, clips: Int)] {
        var sums: [Int: Int] = [:]
        for (pair, count) in counts { sums[pair.label, default: 0] += count }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The pairs of a label and a different class, the most frequent first.
    package var mistakes: [(pair: Pair, clips: Int)] {
        counts.filter { $0.key.label != $0.key.top }.sorted {
            ($1.value, $0.key.label, $0.key.top) < ($0.value, $1.key.label, $1.key.top)
        }.map { ($0.key, $0.value) }
    }
}
