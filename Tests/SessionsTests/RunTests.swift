import Errors
import Cache
import Files
import Foundation
import Ledger
import Pipeline
import Shards
import Stages
import Testing

@Suite struct RunTests {
    private func clips(_ count: Int = 12) throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for index in 0..<count {
            try fixture.addClip(
                "clip \(index)", seconds: 0.3 + Double(index) * 0.37, rate: [16000, 22050, 44100][index % 3],
                channels: index % 4 == 3 ? 2 : 1)
        }
        return fixture
    }

    @Test func rowsAreTheSameWithAnyNumberOfWorkers() throws {
        let fixture = try clips()
        var all: [[String: String]] = []
        for workers in [1, 2, 4] {
            let report = try fixture.run(cache: fixture.cache("c\(workers)"), workers: workers)
            #expect(report.result.done == 12 && report.failures == 0)
            all.append(try fixture.digests(fixture.cache("c\(workers)")))
        }
        #expect(all[0].count == 24)
        #expect(all[0] == all[1] && all[1] == all[2])
    }

    @Test func aSecondRunDoesNothingAndANewClipRunsAlone() throws {
        let fixture = try clips(4)
        try fixture.run()
        #expect(try fixture.run().plan.pending == 0)
        try fixture.addClip("late", seconds: 1)
        let report = try fixture.run()
        #expect(report.result.done == 1 && report.plan.count(.new) == 1 && report.plan.count(.done) == 4)
    }

    @Test func aTouchedFileIsLeftAloneAndAChangedOneIsDoneAgain() throws {
        let fixture = try clips(3)
        try fixture.run()
        let path = fixture.folder + "/clip 1.wav"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        #expect(try fixture.run().plan.pending == 0)
        var bytes = try FileSystem.read(path)
        bytes[1000] ^= 0x40
        try FileSystem.write(path) { try $0(bytes[...]) }
        let report = try fixture.run()
        #expect(report.plan.count(.changed) == 1 && report.result.done == 1)
    }

    @Test func otherBytesOfTheSameSizeAndTimeAreFoundByContentAlone() throws {
        let fixture = try clips(3)
        let path = fixture.folder + "/clip 1.wav"
        let time = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        try fixture.run()
        var bytes = try FileSystem.read(path)
        bytes[1000] ^= 0x40
        try FileSystem.write(path) { try $0(bytes[...]) }
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        #expect(try fixture.run().plan.pending == 0)
        let report = try fixture.run(readsContent: true)
        #expect(report.plan.count(.changed) == 1 && report.plan.count(.done) == 2 && report.result.done == 1)
        #expect(try fixture.run(readsContent: true).plan.pending == 0)
    }

    @Test func filesThatAreGoneAreCountedAndTheirRowsStand() throws {
        let fixture = try clips(4)
        try fixture.run()
        let before = try fixture.digests()
        for name in ["clip 0", "clip 2"] { try FileManager.default.removeItem(atPath: "\(fixture.folder)/\(name).wav") }
        let report = try fixture.run()
        #expect(report.plan.missing == 2 && report.plan.missingDone == 2 && report.plan.count(.done) == 4)
        #expect(try fixture.digests() == before)
        // A pipeline that has nothing of them fails for them, and counts them all the same.
        let other = try fixture.run(sets: ["resample.converter=linear"])
        #expect(other.plan.missing == 2 && other.plan.missingDone == 0 && other.failures == 2)
    }

    @Test func badFilesAreFailuresOfTheirOwnAndStopNoOther() throws {
        let fixture = try clips(3)
        let whole = try FileSystem.read(fixture.folder + "/clip 2.wav")
        try fixture.addFile("empty.wav", [])
        try fixture.addFile("cut.wav", Array(whole.prefix(whole.count / 2)))
        try fixture.addFile("text.wav", Array("no audio, only words, and some more of them".utf8))
        try fixture.addFile("headless.wav", Array(whole.prefix(44)))
        let report = try fixture.run()
        #expect(report.result.done == 3 && report.failures == 4)
        let ledger = try fixture.cache().reading()
        let chosen = try PipelineChoice.find(ledger, name: nil)
        let classes = try FailureLine.all(ledger, pipeline: chosen).map { "\($0.clip) \($0.failureClass)" }
        #expect(
            classes == ["empty.wav empty", "cut.wav truncated", "text.wav unsupported", "headless.wav empty"]
                || classes == [
                    "empty.wav empty", "cut.wav truncated", "text.wav unsupported", "headless.wav truncated",
                ])
        let counts = try ledger.counts(for: chosen)
        #expect(counts.clips == 7 && counts.done == 3 && counts.failed == 4 && counts.pending == 0)
        #expect(try fixture.run().plan.pending == 0)
    }

    @Test func anInterruptedRunGoesOnToTheSameRows() throws {
        let fixture = try clips()
        try fixture.run(cache: fixture.cache("whole"))
        let stop = StopSignal()
        let report = try fixture.run(workers: 1, stop: stop) { _ in stop.raise() }
        #expect(report.result.done > 0)
        let rest = try fixture.run()
        #expect(rest.result.done + report.result.done == 12)
        #expect(try fixture.digests() == fixture.digests(fixture.cache("whole")))
        #expect(try Verifier(cache: fixture.cache()).run(repair: false).findings.isEmpty)
    }

    @Test func aFlippedByteIsFoundNamedAndRepaired() throws {
        let fixture = try clips(5)
        try fixture.run()
        let before = try fixture.digests()
        let ledger = try fixture.cache().reading()
        let shard = try #require(try ledger.shards().first)
        var victim: ResultRecord?
        try ledger.forEachResult(shard: shard.id) { if victim == nil { victim = $0 } }
        let record = try #require(victim)
        let path = fixture.cache().folder + "/" + shard.path
        let header = try MappedShard(path: path).header
        var bytes = try FileSystem.read(path)
        bytes[header.dataOffset + Int(record.firstRow) * header.rowSize + 1] ^= 1
        try FileSystem.write(path) { try $0(bytes[...]) }
        let found = try Verifier(cache: fixture.cache()).run(repair: true)
        #expect(found.findings.flatMap(\.clips).count == 1)
        #expect(found.repaired == 1)
        #expect(try fixture.run().result.done == 1)
        #expect(try fixture.digests() == before)
    }

    @Test func aSecondRunOnACacheIsRefusedAndNamesTheHolder() throws {
        let fixture = try clips(1)
        try fixture.cache().make()
        let lock = try CacheLock(folder: fixture.cache().folder)
        defer { withExtendedLifetime(lock) {} }
        #expect {
            try fixture.run()
        } throws: { "\($0)".contains("process \(ProcessInfo.processInfo.processIdentifier)") }
    }

    @Test func overlapMustFitTheFrames() throws {
        #expect {
            try PipelineLoader.load(
                path: PipelineFixture.root + "/Pipelines/features.yaml", sets: ["chunk.overlap=0.333"])
        } throws: { "\($0)".contains("expected a multiple of 10.0 ms") }
    }
}
