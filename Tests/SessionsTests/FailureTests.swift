import Audio
import Cache
import Files
import Foundation
import Ledger
import Testing

/// A failure is of the stage that failed: what cannot have changed it leaves it as it is.
@Suite struct FailureTests {
    /// A file that was done and is then spoiled, with another time stamp or with the very same: its old rows are of a file that is no
    /// more. Both were once exported as if nothing had happened, and the second was called done.
    @Test(arguments: [false, true]) func aFileThatIsSpoiledAfterItWasDoneIsFailedAndNotExported(keepsTime: Bool) throws
    {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c"] { try fixture.addClip(name, seconds: 1.3) }
        try fixture.run()
        let path = fixture.folder + "/b.wav"
        let whole = try FileSystem.read(path)
        let modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
        // The same size, so that nothing but bytes and time can tell.
        try FileSystem.write(path) { try $0([UInt8](repeating: 0x41, count: whole.count)[...]) }
        try FileManager.default.setAttributes(
            [.modificationDate: keepsTime ? modified as Any : Date(timeIntervalSince1970: 5)], ofItemAtPath: path)
        for readsContent in [keepsTime, false, keepsTime] {
            let report = try fixture.run(readsContent: readsContent)
            #expect(report.failures == 1)
            let ledger = try fixture.cache().reading()
            let chosen = try PipelineChoice.find(ledger, name: nil)
            let counts = try ledger.counts(for: chosen)
            #expect(counts.done == 2 && counts.failed == 1 && counts.pending == 0)
            var indexed: Set<String> = []
            try ShardIndex.forEach(ledger, pipeline: nil) { indexed.insert($0.clip) }
            #expect(indexed == ["a", "c"])
        }
        _ = try Ledger(path: fixture.cache().ledgerPath).forgetFailures()
        let ledger = try fixture.cache().reading()
        let counts = try ledger.counts(for: PipelineChoice.find(ledger, name: nil))
        #expect(counts.done == 2 && counts.failed == 0 && counts.pending == 1)
        try FileSystem.write(path) { try $0(whole[...]) }
        #expect(try fixture.run().result.done == 1)
    }

    /// What a clip's file is.
    private enum State: CaseIterable {
        case sound, cut, odd, text, gone

        /// By the settings of a run, told by themselves.
        func fails(_ settings: Settings) -> Bool {
            switch self {
            case .sound: false
            case .cut: !settings.acceptsCut
            case .odd: !settings.zeroesOdd
            case .text, .gone: true
            }
        }
    }

    private struct Settings {
        var overlap = 0.5
        var acceptsCut = false
        var zeroesOdd = false
        var raw = "int16"
        var pipeline = "features.yaml"

        var sets: [String] {
            [
                "chunk.overlap=\(overlap)", "decode.truncated=\(acceptsCut ? "accept" : "fail")",
                "decode.non-finite=\(zeroesOdd ? "zero" : "fail")", "raw-cache.dtype=\(raw)",
            ]
        }
    }

    /// Numbers that are the same in every run of the tests.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    private func write(_ fixture: PipelineFixture, _ clip: Int, _ state: State, version: Int) throws {
        let path = "\(fixture.folder)/clip\(clip).wav"
        try? FileManager.default.removeItem(atPath: path)
        // A length of its own for each version, so that it shows without regard to the clock.
        var samples = (0..<6000 + 10 * version).map { Float($0 % (40 + clip)) / 100 }
        if state == .odd { samples[300] = .nan }
        switch state {
        case .gone: return
        case .text: try FileSystem.write(path) { try $0(Array("words \(version)".utf8)[...]) }
        default: try AudioWriter.write(path, rate: 16_000, channels: 1, format: .wavFloat, samples: samples)
        }
        if state == .cut {
            let whole = try FileSystem.read(path)
            try FileSystem.write(path) { try $0(whole.dropLast(8000)[...]) }
        }
    }

    @Test func overlapAndDtypeLeaveFailedClipsFailedAndOnlyWhatCanRescueOneTriesItAgain() throws {
        let fixture = try PipelineFixture()
        for (clip, state) in State.allCases.enumerated() {
            try fixture.addFile("clip\(clip).wav", [])
            try write(fixture, clip, state, version: 0)
        }
        let first = try fixture.run()
        #expect(first.failures == 4 && first.result.failed == 4)
        for sets in [["chunk.overlap=0.75"], ["raw-cache.dtype=float32"], ["resample.converter=linear"]] {
            let report = try fixture.run(sets: sets)
            #expect(report.plan.count(.failed) == 4 && report.plan.count(.new) == 0, "\(sets)")
            #expect(report.result.failed == 0 && report.result.done == 1 && report.failures == 4, "\(sets)")
        }
        for (sets, rescued) in [
            (["decode.truncated=accept"], 1), (["decode.non-finite=zero"], 1),
            (["decode.truncated=accept", "decode.non-finite=zero"], 2),
        ] {
            let report = try fixture.run(sets: sets)
            #expect(report.plan.count(.failed) == 4 - rescued, "\(sets)")
            #expect(report.result.done == rescued && report.failures == 4 - rescued, "\(sets)")
        }
        // Back at the first settings: what was failed then is failed now, and nothing is to do.
        let back = try fixture.run()
        #expect(back.plan.pending == 0 && back.failures == 4)
    }

    @Test(arguments: 1...6) func countsAddUpOverAnySequenceOfRuns(seed: UInt64) throws {
        var numbers = Numbers(state: seed)
        let fixture = try PipelineFixture()
        var states = (0..<6).map { _ in State.allCases.randomElement(using: &numbers) ?? .sound }
        // A clip of which there are rows stays done when its file goes away.
        for clip in states.indices {
            try fixture.addFile("clip\(clip).wav", [])
            try write(fixture, clip, states[clip], version: 0)
        }
        for round in 1...7 {
            let settings = Settings(
                overlap: [0, 0.5, 0.75].randomElement(using: &numbers) ?? 0, acceptsCut: .random(using: &numbers),
                zeroesOdd: .random(using: &numbers), raw: ["int16", "float32"].randomElement(using: &numbers) ?? "",
                pipeline: ["features.yaml", "fsd50k-features.yaml"].randomElement(using: &numbers) ?? "")
            let report = try fixture.run(settings.pipeline, sets: settings.sets)
            let ledger = try fixture.cache().reading()
            for pipeline in try ledger.pipelines() {
                let counts = try ledger.counts(for: pipeline)
                #expect(counts.clips == states.count && counts.done >= 0 && counts.failed >= 0 && counts.pending >= 0)
                #expect(try FailureLine.all(ledger, pipeline: pipeline).count == counts.failed)
            }
            let chosen = try PipelineChoice.find(ledger, name: nil)
            let counts = try ledger.counts(for: chosen)
            let failed = try FailureLine.all(ledger, pipeline: chosen).map(\.clip)
            let expected = states.indices.filter { states[$0].fails(settings) }.map { "clip\($0).wav" }
            #expect(failed == expected, "round \(round): \(states) \(settings)")
            #expect(counts.pending == 0 && counts.failed == report.failures)
            #expect(try fixture.run(settings.pipeline, sets: settings.sets).plan.pending == 0)
            let clip = Int.random(in: states.indices, using: &numbers)
            // From sound to gone nothing is failed, as the rows stand; that has a test of its own.
            let next = State.allCases.filter { $0 != .gone }.randomElement(using: &numbers) ?? .sound
            states[clip] = next
            try write(fixture, clip, next, version: round)
        }
    }

    @Test func aClipWhoseFileIsBrokenAfterItWasDoneIsFailedUntilItIsSoundAgain() throws {
        let fixture = try PipelineFixture()
        try fixture.addFile("clip0.wav", [])
        try write(fixture, 0, .sound, version: 0)
        try fixture.run()
        try write(fixture, 0, .text, version: 1)
        #expect(try fixture.run().failures == 1)
        let again = try fixture.run()
        #expect(again.plan.pending == 0 && again.plan.count(.failed) == 1 && again.failures == 1)
        let ledger = try fixture.cache().reading()
        let counts = try ledger.counts(for: PipelineChoice.find(ledger, name: nil))
        #expect(counts.done == 0 && counts.failed == 1)
        try write(fixture, 0, .sound, version: 2)
        #expect(try fixture.run().result.done == 1)
        #expect(try ledger.counts(for: PipelineChoice.find(ledger, name: nil)).done == 1)
    }
}
