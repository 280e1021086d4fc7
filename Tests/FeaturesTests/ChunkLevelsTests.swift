import Features
import Foundation
import Testing

/// Levels of chunks as samples stream in, held against a sum over the chunk's own samples.
@Suite struct ChunkLevelsTests {
    private static let frontEnd: FrontEnd = {
        var made = FrontEnd.standard
        made.chunk = 3200
        made.patchFrames = 16
        return made
    }()

    private func levels(_ samples: [Float], _ plan: ChunkPlan, cut: Int) -> [Float] {
        var meter = ChunkLevels(plan)
        var found: [Float] = []
        for start in stride(from: 0, to: samples.count, by: cut) {
            samples.withUnsafeBufferPointer {
                meter.add(UnsafeBufferPointer(rebasing: $0[start..<min(samples.count, start + cut)])) {
                    found.append($0)
                }
            }
        }
        meter.finish { found.append($0) }
        #expect(meter.chunks == found.count && meter.samples == samples.count)
        return found
    }

    private func wave(_ count: Int) -> [Float] {
        // Louder and quieter by turns, from full scale to far below, with silence between.
        (0..<count).map { index in
            let gain = [1, 0.1, 0, 0.001][index / 2500 % 4]
            return Float(gain * sin(Double(index * index % 7919)))
        }
    }

    @Test(arguments: [0, 0.05, 0.35, 0.5, 0.75, 0.95])
    func eachChunkHasTheLevelOfItsOwnSamples(overlap: Double) throws {
        let plan = try ChunkPlan(frontEnd: Self.frontEnd, overlap: overlap)
        for length in [1, 799, 3199, 3200, 3201, 6400, 20_001] {
            let samples = wave(length)
            let whole = levels(samples, plan, cut: length)
            #expect(whole.count == plan.count(samples: length))
            for (chunk, level) in whole.enumerated() {
                let own = samples[chunk * plan.hop..<min(length, chunk * plan.hop + 3200)]
                let square = own.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(own.count)
                let plain = 20 * log10(square.squareRoot())
                #expect(plain == -.infinity ? level == -.infinity : abs(Double(level) - plain) < 1e-4, "\(chunk)")
            }
            // However the stream is cut, bit for bit.
            for cut in [1, 7, 160, 1599, 3200, 5000] where length < 10_000 || cut > 1 {
                #expect(levels(samples, plan, cut: cut) == whole, "\(length) by \(cut)")
            }
        }
    }

    @Test func aFullScaleSineIsThreeDecibelsBelowFullScale() throws {
        let plan = try ChunkPlan(frontEnd: Self.frontEnd, overlap: 0)
        let sine = (0..<3200).map { Float(sin(2 * Double.pi * Double($0) / 32)) }
        #expect(abs(levels(sine, plan, cut: 100)[0] + 3.0103) < 1e-4)
        #expect(levels([Float](repeating: -1, count: 3200), plan, cut: 100) == [0])
    }

    @Test func aMeterServesOneClipAfterAnother() throws {
        let plan = try ChunkPlan(frontEnd: Self.frontEnd, overlap: 0.5)
        var meter = ChunkLevels(plan)
        var found: [Float] = []
        for samples in [wave(5000), wave(4000)] {
            meter.reset()
            found = []
            samples.withUnsafeBufferPointer { meter.add($0) { found.append($0) } }
            meter.finish { found.append($0) }
        }
        #expect(found == levels(wave(4000), plan, cut: 4000))
    }

    /// What no heard chunk covers, sample by sample.
    @Test(arguments: 0..<60) func skippedTimeIsWhatNoHeardChunkCovers(seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 7
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        let length = 1 + draw(9)
        let hop = 1 + draw(length)
        let isSkipped = (0..<1 + draw(12)).map { _ in draw(2) == 0 }
        let end = (isSkipped.count - 1) * hop + length
        let total = seed % 3 == 0 ? nil : max((isSkipped.count - 1) * hop + 1, end - draw(hop))
        var time = SkippedTime(hop: hop, length: length)
        for one in isSkipped { time.add(isSkipped: one) }
        time.finish(samples: total)
        let heard = Set(isSkipped.indices.filter { !isSkipped[$0] }.flatMap { $0 * hop..<$0 * hop + length })
        #expect(time.chunks == isSkipped.count { $0 })
        #expect(time.samples == (0..<(total ?? end)).count { !heard.contains($0) })
    }
}
