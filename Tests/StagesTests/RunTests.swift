import Corpus
import Foundation
import Ledger
import Pipeline
import Shards
import Stages
import Testing

@Suite struct RunTests {
    private func clips(_ count: Int = 12) throws -> Workshop {
        let shop = try Workshop()
        for index in 0..<count {
            try shop.addClip(
                "clip \(index)", seconds: 0.3 + Double(index) * 0.37, rate: [16000, 22050, 44100][index % 3],
                channels: index % 4 == 3 ? 2 : 1)
        }
        return shop
    }

    @Test func rowsAreTheSameWithAnyNumberOfWorkers() throws {
        let shop = try clips()
        var all: [[String: String]] = []
        for workers in [1, 2, 4] {
            let report = try shop.run(cache: shop.cache("c\(workers)"), workers: workers)
            #expect(report.result.done == 12 && report.failures == 0)
            all.append(try shop.digests(shop.cache("c\(workers)")))
        }
        #expect(all[0].count == 24)
        #expect(all[0] == all[1] && all[1] == all[2])
    }

    @Test func aSecondRunDoesNothingAndANewClipRunsAlone() throws {
        let shop = try clips(4)
        try shop.run()
        #expect(try shop.run().plan.pending == 0)
        try shop.addClip("late", seconds: 1)
        let report = try shop.run()
        #expect(report.result.done == 1 && report.plan.count(.new) == 1 && report.plan.count(.done) == 4)
    }

    @Test func aTouchedFileIsLeftAloneAndAChangedOneIsDoneAgain() throws {
        let shop = try clips(3)
        try shop.run()
        let path = shop.folder + "/clip 1.wav"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        #expect(try shop.run().plan.pending == 0)
        var bytes = try FileSystem.read(path)
        bytes[1000] ^= 0x40
        try FileSystem.write(path) { try $0(bytes[...]) }
        let report = try shop.run()
        #expect(report.plan.count(.changed) == 1 && report.result.done == 1)
    }

    @Test func otherBytesOfTheSameSizeAndTimeAreFoundByContentAlone() throws {
        let shop = try clips(3)
        let path = shop.folder + "/clip 1.wav"
        let time = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        try shop.run()
        var bytes = try FileSystem.read(path)
        bytes[1000] ^= 0x40
        try FileSystem.write(path) { try $0(bytes[...]) }
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        #expect(try shop.run().plan.pending == 0)
        let report = try shop.run(readsContent: true)
        #expect(report.plan.count(.changed) == 1 && report.plan.count(.done) == 2 && report.result.done == 1)
        #expect(try shop.run(readsContent: true).plan.pending == 0)
    }

    @Test func filesThatAreGoneAreCountedAndTheirRowsStand() throws {
        let shop = try clips(4)
        try shop.run()
        let before = try shop.digests()
        for name in ["clip 0", "clip 2"] { try FileManager.default.removeItem(atPath: "\(shop.folder)/\(name).wav") }
        let report = try shop.run()
        #expect(report.plan.missing == 2 && report.plan.missingDone == 2 && report.plan.count(.done) == 4)
        #expect(try shop.digests() == before)
        // A pipeline that has nothing of them fails for them, and counts them all the same.
        let other = try shop.run(sets: ["resample.converter=linear"])
        #expect(other.plan.missing == 2 && other.plan.missingDone == 0 && other.failures == 2)
    }

    @Test func badFilesAreFailuresOfTheirOwnAndStopNoOther() throws {
        let shop = try clips(3)
        let whole = try FileSystem.read(shop.folder + "/clip 2.wav")
        try shop.addFile("empty.wav", [])
        try shop.addFile("cut.wav", Array(whole.prefix(whole.count / 2)))
        try shop.addFile("text.wav", Array("no audio, only words, and some more of them".utf8))
        try shop.addFile("headless.wav", Array(whole.prefix(44)))
        let report = try shop.run()
        #expect(report.result.done == 3 && report.failures == 4)
        let ledger = try shop.cache().reading()
        let chosen = try PipelineChoice.find(ledger, name: nil)
        let classes = try FailureLine.all(ledger, pipeline: chosen).map { "\($0.clip) \($0.failureClass)" }
        #expect(
            classes == ["empty.wav empty", "cut.wav truncated", "text.wav unsupported", "headless.wav empty"]
                || classes == [
                    "empty.wav empty", "cut.wav truncated", "text.wav unsupported", "headless.wav truncated",
                ])
        let counts = try ledger.counts(for: chosen)
        #expect(counts.clips == 7 && counts.done == 3 && counts.failed == 4 && counts.pending == 0)
        #expect(try shop.run().plan.pending == 0)
    }

    @Test func anInterruptedRunGoesOnToTheSameRows() throws {
        let shop = try clips()
        try shop.run(cache: shop.cache("whole"))
        let stop = StopSignal()
        let report = try shop.run(workers: 1, stop: stop) { _ in stop.raise() }
        #expect(report.result.done > 0)
        let rest = try shop.run()
        #expect(rest.result.done + report.result.done == 12)
        #expect(try shop.digests() == shop.digests(shop.cache("whole")))
        #expect(try Verifier(cache: shop.cache()).run(repair: false).findings.isEmpty)
    }

    @Test func aFlippedByteIsFoundNamedAndRepaired() throws {
        let shop = try clips(5)
        try shop.run()
        let before = try shop.digests()
        let ledger = try shop.cache().reading()
        let shard = try #require(try ledger.shards().first)
        var victim: ResultRecord?
        try ledger.forEachResult(shard: shard.id) { if victim == nil { victim = $0 } }
        let record = try #require(victim)
        let path = shop.cache().folder + "/" + shard.path
        let header = try MappedShard(path: path).header
        var bytes = try FileSystem.read(path)
        bytes[header.dataOffset + Int(record.firstRow) * header.rowSize + 1] ^= 1
        try FileSystem.write(path) { try $0(bytes[...]) }
        let found = try Verifier(cache: shop.cache()).run(repair: true)
        #expect(found.findings.flatMap(\.clips).count == 1)
        #expect(found.repaired == 1)
        #expect(try shop.run().result.done == 1)
        #expect(try shop.digests() == before)
    }

    @Test func aSecondRunOnACacheIsRefusedAndNamesTheHolder() throws {
        let shop = try clips(1)
        try shop.cache().make()
        let lock = try CacheLock(folder: shop.cache().folder)
        defer { withExtendedLifetime(lock) {} }
        #expect {
            try shop.run()
        } throws: { "\($0)".contains("process \(ProcessInfo.processInfo.processIdentifier)") }
    }

    @Test func overlapMustFitTheFrames() throws {
        #expect {
            try PipelineLoader.load(path: Workshop.root + "/Pipelines/features.yaml", sets: ["chunk.overlap=0.333"])
        } throws: { "\($0)".contains("expected a multiple of 10.0 ms") }
    }
}
