import Evaluation
import Testing

/// How long a class was there, by the chunks that say so.
@Suite struct CoveredTimeTests {
    /// Samples that a class is there in one recording, as `CoveredTime` counts them.
    private func covered(
        _ scores: [Float], threshold: Double = 0.5, hop: Int, chunk: Int, length: Int
    ) -> Int {
        var time = CoveredTime(thresholds: [threshold])
        time.begin()
        for (place, score) in scores.enumerated() {
            [score].withUnsafeBufferPointer { time.add($0, from: place * hop, to: min(place * hop + chunk, length)) }
        }
        return time.samples[0]
    }

    @Test("By hand: chunks of 16,000 samples every 8,000, of a recording of 30,000")
    func byHand() {
        // Chunks begin at 0, 8000 and 16000; the last reaches beyond the end by 2000.
        func of(_ scores: [Float]) -> Int { covered(scores, hop: 8000, chunk: 16_000, length: 30_000) }
        #expect(of([0, 0, 0]) == 0)
        #expect(of([1, 0, 0]) == 16_000)
        #expect(of([0, 1, 0]) == 16_000)
        #expect(of([0, 0, 1]) == 14_000)
        #expect(of([1, 1, 0]) == 24_000)
        #expect(of([1, 0, 1]) == 30_000)
        #expect(of([0.5, 0.4999, 0.4999]) == 16_000)
        #expect(of([1, 1, 1]) == 30_000)
    }

    @Test("Sample by sample the same, at any overlap; never more than the recording", arguments: [0, 0.5, 0.75])
    func plain(overlap: Double) {
        let chunk = 40
        let hop = Int(Double(chunk) * (1 - overlap))
        var state: UInt64 = 11
        func number(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var all = CoveredTime(thresholds: [0.3, 0.6, 0.9])
        var expected = [0, 0, 0]
        for _ in 0..<200 {
            let length = 1 + number(400)
            let chunks = length <= chunk ? 1 : (length - chunk + hop - 1) / hop + 1
            let rows = (0..<chunks).map { _ in (0..<3).map { _ in Float(number(1000)) / 1000 } }
            all.begin()
            for (place, row) in rows.enumerated() {
                row.withUnsafeBufferPointer { all.add($0, from: place * hop, to: min(place * hop + chunk, length)) }
            }
            for (index, threshold) in [Float(0.3), 0.6, 0.9].enumerated() {
                var isThere = [Bool](repeating: false, count: length)
                for (place, row) in rows.enumerated() where row[index] >= threshold {
                    for sample in place * hop..<place * hop + chunk where sample < length { isThere[sample] = true }
                }
                expected[index] += isThere.count { $0 }
                let alone = covered(
                    rows.map { $0[index] }, threshold: Double(threshold), hop: hop, chunk: chunk, length: length)
                #expect(alone == isThere.count { $0 } && alone <= length)
            }
        }
        #expect(all.samples == expected)
        #expect(all.hours(rate: 100) == expected.map { Double($0) / 100 / 3600 })
    }

    @Test("A threshold is taken as float32, as scores are: what is written alike is alike")
    func writtenAlike() {
        for text in ["0.1", "0.3", "0.7", "0.9"] {
            let (score, threshold) = (Float(text) ?? .nan, Double(text) ?? .nan)
            #expect(covered([score], threshold: threshold, hop: 8, chunk: 8, length: 8) == 8, "\(text)")
            #expect(covered([score.nextDown], threshold: threshold, hop: 8, chunk: 8, length: 8) == 0, "\(text)")
        }
    }
}
