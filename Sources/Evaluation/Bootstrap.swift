import Random

/// Percentile intervals from clips resampled with replacement (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
/// chapter 13). Seeded: the same table gives the same intervals.
final class Bootstrap {
    /// Number of resamples: as requested, or fewer if the weights would exceed 64 MiB.
    let resamples: Int
    private let clips: Int
    /// How often each clip was drawn, (clips, resamples) row-major; one byte is enough, as no clip is drawn 255 times.
    private let weights: UnsafeMutableBufferPointer<UInt8>
    /// For the clips ranked so far, by resample: how many draws in all, and how many of positive clips; and both before this
    /// group.
    private(set) var total: [UInt32]
    private(set) var hits: [UInt32]
    private var totalBefore: [UInt32]
    var hitsBefore: [UInt32]
    private var precisionSum: [Double]
    private var pairSum: [Double]

    init(clips: Int, resamples asked: Int, seed: UInt64) {
        resamples = max(1, min(asked, (64 << 20) / max(1, clips)))
        self.clips = clips
        weights = .allocate(capacity: clips * resamples)
        weights.initialize(repeating: 0)
        total = [UInt32](repeating: 0, count: resamples)
        (hits, totalBefore, hitsBefore) = (total, total, total)
        precisionSum = [Double](repeating: 0, count: resamples)
        pairSum = precisionSum
        var generator = SplitMix64(seed: seed)
        for resample in 0..<resamples {
            for _ in 0..<clips {
                let place = generator.below(clips) * resamples + resample
                if weights[place] < .max { weights[place] += 1 }
            }
        }
    }

    deinit { weights.deallocate() }

    /// Average precision and AUC of the ranking in every resample; NaN if all clips of the resample, or none, have the class.
    func rankMetrics(_ ranking: Ranking) -> (averagePrecision: [Double], auc: [Double]) {
        clear()
        for lane in 0..<resamples { (precisionSum[lane], pairSum[lane]) = (0, 0) }
        let entries = ranking.entries
        var index = 0
        while index < entries.count {
            let start = index
            let key = entries[index] >> 32
            var anyHit = false
            repeat {
                anyHit = anyHit || entries[index] & 1 == 1
                index += 1
            } while index < entries.count && entries[index] >> 32 == key
            if anyHit { (totalBefore, hitsBefore) = (total, hits) }
            for rank in start..<index { add(entries[rank]) }
            if anyHit { closeGroup() }
        }
        let precision = (0..<resamples).map { hits[$0] > 0 ? precisionSum[$0] / Double(hits[$0]) : .nan }
        let auc = (0..<resamples).map { lane -> Double in
            let positives = Double(hits[lane])
            let negatives = Double(total[lane]) - positives
            // pairSum counts negatives ranked above or level with a positive; the area is the remaining share of all pairs.
            return positives > 0 && negatives > 0 ? 1 - pairSum[lane] / (positives * negatives) : .nan
        }
        return (precision, auc)
    }

    /// Weighted means of one value per clip in every resample; clips of weight 0 are left out.
    func means(_ values: [Double], weights own: [Int]) -> [Double] {
        var sums = [Double](repeating: 0, count: resamples)
        var norms = sums
        for clip in 0..<clips where own[clip] > 0 {
            let value = values[clip] * Double(own[clip])
            for lane in 0..<resamples {
                let drawn = Double(weights[clip * resamples + lane])
                sums[lane] += drawn * value
                norms[lane] += drawn * Double(own[clip])
            }
        }
        return (0..<resamples).map { norms[$0] > 0 ? sums[$0] / norms[$0] : .nan }
    }

    /// Starts another ranking.
    func clear() {
        for lane in 0..<resamples { (total[lane], hits[lane]) = (0, 0) }
    }

    /// How often a ranking's entry was drawn in a resample.
    func weight(_ entry: UInt64, _ resample: Int) -> UInt8 {
        weights[Int((entry & 0xFFFF_FFFF) >> 1) * resamples + resample]
    }

    /// Counts a ranking's next entry in every resample.
    func add(_ entry: UInt64) {
        let lanes = weights.baseAddress.unsafelyUnwrapped + Int((entry & 0xFFFF_FFFF) >> 1) * resamples
        let count = resamples
        total.withUnsafeMutableBufferPointer { total in
            for lane in 0..<count { total[lane] &+= UInt32(lanes[lane]) }
        }
        if entry & 1 == 1 {
            hits.withUnsafeMutableBufferPointer { hits in
                for lane in 0..<count { hits[lane] &+= UInt32(lanes[lane]) }
            }
        }
    }

    private func closeGroup() {
        for lane in 0..<resamples {
            let gained = Double(hits[lane] - hitsBefore[lane])
            if gained == 0 { continue }
            precisionSum[lane] += gained * Double(hits[lane]) / Double(total[lane])
            let missesBefore = Double(totalBefore[lane] - hitsBefore[lane])
            let missesHere = Double(total[lane] - hits[lane]) - missesBefore
            pairSum[lane] += gained * (missesBefore + 0.5 * missesHere)
        }
    }
}
