extension Bootstrap {
    /// The threshold that the same rule gives for the clips of each resample; NaN if there is none.
    func thresholds(_ ranking: Ranking, goal: ThresholdGoal) -> [Double] {
        let entries = ranking.entries
        let positives = positives(entries)
        var best = [Double](repeating: 0, count: resamples)
        var ends = [Int](repeating: 0, count: resamples)
        clear()
        var index = 0
        while index < entries.count {
            let start = index
            let key = entries[index] >> 32
            var anyHit = false
            repeat {
                anyHit = anyHit || entries[index] & 1 == 1
                index += 1
            } while index < entries.count && entries[index] >> 32 == key
            if anyHit { hitsBefore = hits }
            for rank in start..<index { add(entries[rank]) }
            guard anyHit else { continue }
            for lane in 0..<resamples where hits[lane] > hitsBefore[lane] {
                switch goal {
                case .bestF1:
                    let f1 = 2 * Double(hits[lane]) / Double(total[lane] + positives[lane])
                    if f1 > best[lane] { (best[lane], ends[lane]) = (f1, index) }
                case .precision(let least):
                    if Double(hits[lane]) / Double(total[lane]) >= least { ends[lane] = index }
                }
            }
        }
        return ends.enumerated().map { lane, end in
            guard end > 0 else { return .nan }
            let next = (end..<entries.count).first { weight(entries[$0], lane) > 0 }
            return Ranking.middle(ranking.score(rank: end - 1), next.map { ranking.score(rank: $0) })
        }
    }

    /// How often positive clips were drawn, by resample.
    private func positives(_ entries: UnsafeBufferPointer<UInt64>) -> [UInt32] {
        clear()
        for entry in entries where entry & 1 == 1 { add(entry) }
        return total
    }
}
