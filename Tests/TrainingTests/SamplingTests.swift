import Foundation
import Testing
import Training

/// Which chunks an epoch visits, and which parts of them are masked.
struct SamplingTests {
    @Test("Balanced sampling draws rare classes as often as frequent ones, the same for the same seed and epoch")
    func balanced() {
        // 900 chunks of class 0, 90 of class 1, 10 of both 1 and 2.
        let labels = (0..<1000).map { $0 < 900 ? [0] : $0 < 990 ? [1] : [1, 2] }
        let weights = EpochOrder.balancedWeights(labels, classes: 4)
        #expect(abs(weights[0] - 1.0 / 900) < 1e-12 && abs(weights[900] - 0.01) < 1e-12)
        #expect(abs(weights[995] - (0.01 + 0.1)) < 1e-12)
        let chunks = (0..<1000).map { Int32($0) }
        let draw = { EpochOrder(drawnFrom: chunks, weights: weights, seed: 3, epoch: $0).chunks }
        let epochs = (1...20).map(draw)
        #expect(epochs.allSatisfy { $0.count == 1000 } && draw(1) == epochs[0] && epochs[0] != epochs[1])
        var counts = [0, 0, 0]
        for chunk in epochs.joined() { for label in labels[Int(chunk)] { counts[label] += 1 } }
        // Expected of 3 parts of weight in all: class 0 one part, class 2 its own and a tenth of class 1's.
        #expect(abs(Double(counts[0]) / 20_000 - 1 / 3) < 0.02, "\(counts)")
        #expect(abs(Double(counts[1]) / 20_000 - 2 / 3) < 0.02, "\(counts)")
        #expect(abs(Double(counts[2]) / 20_000 - 1.1 / 3) < 0.02, "\(counts)")
    }

    @Test("A chunk of weight 0 is never drawn, and one that has all the weight always")
    func weights() {
        let drawn = EpochOrder(drawnFrom: [4, 5, 6, 7], weights: [0, 1, 0, 1], seed: 1, epoch: 1).chunks
        #expect(Set(drawn).isSubset(of: [5, 7]))
        #expect(EpochOrder(drawnFrom: [4, 5, 6], weights: [0, 0, 2], seed: 1, epoch: 1).chunks == [6, 6, 6])
    }

    @Test("The order of some chunks is a permutation of them, and that of all as it was")
    func someChunks() {
        let some: [Int32] = [2, 3, 5, 7, 11, 13, 17]
        let order = EpochOrder(of: some, seed: 4, epoch: 2).chunks
        #expect(order.sorted() == some && order != some)
        #expect(
            EpochOrder(of: (0..<50).map { $0 }, seed: 4, epoch: 2).chunks
                == EpochOrder(count: 50, seed: 4, epoch: 2).chunks)
    }

    @Test("Masks are one run of bands and one of frames at the patch's mean, of all widths up to the widest")
    func masks() {
        let (frames, bands) = (96, 64)
        var generator = SeededRandom(seed: 11)
        let patch = (0..<frames * bands).map { _ in generator.uniform(within: 3) }
        let mean = Float(patch.reduce(0.0) { $0 + Double($1) } / Double(patch.count))
        var widths: (bands: Set<Int>, frames: Set<Int>) = ([], [])
        for seed in 0..<400 {
            var masked = patch
            var random = SeededRandom(seed: UInt64(seed))
            masked.withUnsafeMutableBufferPointer { SpectralMasks.apply(to: $0, bands: bands, &random) }
            let isMasked = zip(masked, patch).map { $0 != $1 }
            let whole = (0..<frames).filter { frame in (0..<bands).allSatisfy { isMasked[frame * bands + $0] } }
            let columns = (0..<bands).filter { band in (0..<frames).allSatisfy { isMasked[$0 * bands + band] } }
            for run in [whole, columns] where run.count > 1 { #expect(run[run.count - 1] - run[0] == run.count - 1) }
            #expect(whole.count <= 17 && columns.count <= 24)
            for place in masked.indices {
                let isIn = whole.contains(place / bands) || columns.contains(place % bands)
                #expect(isMasked[place] == isIn && (!isIn || masked[place] == mean))
            }
            widths.frames.insert(whole.count)
            widths.bands.insert(columns.count)
        }
        #expect(widths.frames == Set(0...17) && widths.bands == Set(0...24))
    }
}
