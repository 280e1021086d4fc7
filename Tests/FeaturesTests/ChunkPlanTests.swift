import Features
import Testing

@Suite struct ChunkPlanTests {
    private func plan(_ overlap: Double) throws -> ChunkPlan { try ChunkPlan(frontEnd: .standard, overlap: overlap) }

    @Test(arguments: [(0, 16000), (0.5, 8000), (0.75, 4000), (0.9, 1600), (0.99, 160)])
    func hop(overlap: Double, hop: Int) throws {
        #expect(try plan(overlap).hop == hop)
    }

    /// Samples, then the chunks at overlaps of 0, 0.5 and 0.75, by hand.
    @Test(arguments: [
        (1, [1, 1, 1]), (4800, [1, 1, 1]), (15999, [1, 1, 1]), (16000, [1, 1, 1]), (16001, [2, 2, 2]),
        (20000, [2, 2, 2]), (20001, [2, 2, 3]), (24000, [2, 2, 3]), (24001, [2, 3, 4]), (32000, [2, 3, 5]),
        (32001, [3, 4, 6]), (576_000_000, [36000, 71999, 143_997]), (576_000_001, [36001, 72000, 143_998]),
    ])
    func counts(samples: Int, expected: [Int]) throws {
        #expect(try [0, 0.5, 0.75].map { try plan($0).count(samples: samples) } == expected)
    }

    @Test func everyGoldenPlan() throws {
        let rows = try Golden.rows("chunk-plan.csv")
        #expect(rows.count > 80)
        for row in rows {
            let plan = try plan(1 - Double(row[1]) / 16000)
            #expect(plan.hop == row[1])
            #expect(plan.count(samples: row[0]) == row[2], "\(row)")
            #expect(plan.paddedLength(samples: row[0]) == row[3], "\(row)")
        }
    }

    @Test(arguments: [0, 0.5, 0.75, 0.9]) func theLastChunkIsTheFirstToReachTheEnd(overlap: Double) throws {
        let plan = try plan(overlap)
        let tenHours = 10 * 3600 * 16000
        for samples in [0, 1, 4800, 15999, 16000, 16001, 24000, 24001, 31999, 32000, 32001, tenHours - 1, tenHours] {
            let count = plan.count(samples: samples)
            let last = (count - 1) * plan.hop
            #expect(last + 16000 >= samples)
            #expect(count == 1 || last - plan.hop + 16000 < samples)
            #expect(plan.paddedLength(samples: samples) == last + 16000)
        }
    }

    /// Every chunk's 96 frames, and the two that no chunk sees, are among the clip's.
    @Test(arguments: [0, 0.5, 0.75, 0.99]) func framesReachTheLastChunk(overlap: Double) throws {
        let plan = try plan(overlap)
        for samples in [1, 16000, 16001, 100_000] {
            let firstFrame = (plan.count(samples: samples) - 1) * plan.hop / 160
            #expect(plan.frameCount(samples: samples) == firstFrame + 98)
        }
    }

    @Test func theFrameCountIsTheFrontEnds() throws {
        let plan = try plan(0.5)
        let padded = plan.paddedLength(samples: 20000)
        #expect(padded == 24000)
        let frames = try Wave.logMel([Float](repeating: 0, count: padded))
        #expect(frames.count == plan.frameCount(samples: 20000) * 64)
    }

    @Test(arguments: [-0.5, -0.01, 1, 1.5, 0.995, 0.333, 0.501, 0.5001, 0.999_999_9])
    func refusedOverlaps(overlap: Double) {
        let fault = #expect(throws: ChunkPlan.Misfit.self) { try plan(overlap) }
        #expect(fault?.description.hasPrefix("an overlap of \(overlap) gives a hop of ") == true)
        #expect(fault?.description.hasSuffix("expected a multiple of 10.0 ms") == true)
    }

    /// Numbers whose hop no integer holds: refused as well, in a process of their own in case they are not.
    @Test func absurdOverlaps() async {
        await #expect(processExitsWith: .success) {
            for overlap in [Double.nan, .infinity, -.infinity, -1e300, 1e300] {
                do {
                    _ = try ChunkPlan(frontEnd: .standard, overlap: overlap)
                    fatalError("\(overlap) was taken")
                } catch {
                    precondition("\(error)".contains("an overlap of \(overlap) gives"))
                }
            }
        }
    }

    /// A tenth is no binary fraction: the hop is what was meant.
    @Test func decimalOverlaps() throws {
        for step in 0..<100 { #expect(try plan(Double(step) / 100).hop == 16000 - step * 160) }
    }
}
