/// Metrics from each clip's own ranking of the classes.
struct ClipRanking {
    /// For each clip the mean over its labels of (labels ranked no lower) / (classes ranked no lower); NaN without labels.
    var precision: [Double]
    /// Labels of the clip: its weight in lwlrap.
    var labels: [Int]
    /// Whether the best class is the label, for clips with exactly one; ties count against the clip.
    var topIsRight: [Bool]

    /// Label-weighted label-ranking average precision (task 2 of DCASE 2019): each clip weighs as much as it has labels. NaN if
    /// no clip has a label.
    var lwlrap: Double {
        var sum = 0.0
        var weight = 0
        for clip in labels.indices where labels[clip] > 0 {
            sum += precision[clip] * Double(labels[clip])
            weight += labels[clip]
        }
        return weight > 0 ? sum / Double(weight) : .nan
    }

    init(_ table: ScoreTable, truth: LabelTable) {
        let width = table.classes.count
        precision = [Double](repeating: .nan, count: table.clips)
        labels = [Int](repeating: 0, count: table.clips)
        topIsRight = [Bool](repeating: false, count: table.clips)
        table.scores.withUnsafeBufferPointer { scores in
            for clip in 0..<table.clips {
                let own = truth.row(clip)
                labels[clip] = own.count
                if own.isEmpty { continue }
                let row = UnsafeBufferPointer(rebasing: scores[clip * width..<(clip + 1) * width])
                var sum = 0.0
                for label in own {
                    let score = row[Int(label)]
                    var rank: Int32 = 0
                    for other in row { rank &+= other >= score ? 1 : 0 }
                    let rightRank = own.reduce(0) { $0 + (row[Int($1)] >= score ? 1 : 0) }
                    sum += Double(rightRank) / Double(rank)
                    topIsRight[clip] = rank == 1
                }
                precision[clip] = sum / Double(own.count)
                if own.count != 1 { topIsRight[clip] = false }
            }
        }
    }
}
