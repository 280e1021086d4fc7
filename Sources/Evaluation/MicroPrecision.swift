/// Average precision over all clips and classes at once.
enum MicroPrecision {
    /// Average precision of the table read as one long ranking; NaN if no clip has a label.
    ///
    /// Positives are few, so they alone are sorted; each negative then only raises the count between two of them.
    static func value(_ table: ScoreTable, truth: LabelTable) -> Double {
        var sum = 0.0
        forEachLevel(table, truth: truth) { gained, hits, counted in
            sum += Double(gained) * Double(hits) / Double(counted)
        }
        return truth.total > 0 ? sum / Double(truth.total) : .nan
    }

    /// Calls `body(gained, hits, counted)` for every score of a positive, the highest first: positives with that score,
    /// positives with it or a higher one, and all clips and classes with it or a higher one.
    static func forEachLevel(_ table: ScoreTable, truth: LabelTable, _ body: (Int, Int, Int) -> Void) {
        let width = table.classes.count
        var scores: [Float] = []
        scores.reserveCapacity(truth.total)
        for clip in 0..<table.clips {
            for label in truth.row(clip) { scores.append(table.scores[clip * width + Int(label)] + 0) }
        }
        if scores.isEmpty { return }
        scores.sort(by: >)
        var distinct: [Float] = []
        var hitsAt: [Int] = []
        for score in scores {
            if distinct.last == score {
                hitsAt[hitsAt.count - 1] += 1
            } else {
                distinct.append(score)
                hitsAt.append(1)
            }
        }
        let above = countsAbove(distinct, all: table.scores)
        var hits = 0
        for index in distinct.indices {
            hits += hitsAt[index]
            body(hitsAt[index], hits, above[index])
        }
    }

    /// For every level (distinct, descending) how many of `all` reach it.
    private static func countsAbove(_ levels: [Float], all: [Float]) -> [Int] {
        let keys = levels.map { orderedBits($0) }
        // The upper 16 bits of a key narrow the search to a few levels.
        var firstOf = [Int32](repeating: 0, count: 65_537)
        for key in keys { firstOf[65_536 - Int(key >> 16)] += 1 }
        for bucket in 1...65_536 { firstOf[bucket] += firstOf[bucket - 1] }
        var counts = [Int](repeating: 0, count: levels.count + 1)
        keys.withUnsafeBufferPointer { keys in
            for value in all {
                let key = orderedBits(value + 0)
                let bucket = 65_536 - Int(key >> 16)
                var low = Int(firstOf[bucket - 1])
                var high = Int(firstOf[bucket])
                while low < high {
                    let middle = (low + high) >> 1
                    if keys[middle] <= key { high = middle } else { low = middle + 1 }
                }
                counts[low] += 1
            }
        }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        return counts
    }

    /// Bits that sort in the same order as the value.
    private static func orderedBits(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
    }
}
