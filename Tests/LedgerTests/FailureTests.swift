import Errors
import Foundation
import Ledger
import Testing

/// Failures are kept until the clip is done or is tried again.
@Suite struct FailureTests {
    @Test("A failure is told in the manifest's order with all it was recorded with, and counted up when it comes again")
    func recorded() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, _, _) = try fixture.filled(3)
        var batch = CommitBatch(target: "target")
        batch.failures = [LedgerFixture.failure(clips[2]), LedgerFixture.failure(clips[0], reason: "cut short")]
        batch.failures.append(
            FailureRecord(
                clip: clips[0], target: "other", failureClass: .unreadable, reason: "gone", offset: nil, size: nil,
                modified: nil))
        try ledger.commit(batch)
        let found = try ledger.failures(target: "target")
        #expect(found == [LedgerFixture.failure(clips[0], reason: "cut short"), LedgerFixture.failure(clips[2])])
        #expect(try ledger.failures().count == 3)
        let gone = try #require(try ledger.failures(target: "other").first)
        #expect(gone.offset == nil && gone.size == nil && gone.modified == nil)

        var again = CommitBatch(target: "target")
        again.failures = [LedgerFixture.failure(clips[2], reason: "still no audio")]
        try ledger.commit(again)
        let last = try #require(try ledger.failures(target: "target").last)
        #expect(last.reason == "still no audio" && last.attempts == 2)
        #expect(try ledger.verifyRows().rows.isEmpty)
    }

    @Test("A class that this version does not know stays what it is, and is written again as it was")
    func unknownClass() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, _, _) = try fixture.filled(1)
        for name in ["haunted", "", "a \"b\""] {
            var batch = CommitBatch(target: "target")
            batch.failures = [
                FailureRecord(
                    clip: clips[0], target: "target", failureClass: FailureClass(rawValue: name), reason: "x",
                    offset: nil,
                    size: nil, modified: nil)
            ]
            try ledger.commit(batch)
            let found = try #require(try ledger.failures(target: "target").first)
            #expect(found.failureClass == .other(name) && found.failureClass.rawValue == name)
        }
    }

    @Test("A clip that is done loses its failure under that pipeline and no other")
    func cleared() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(2)
        var batch = CommitBatch(target: "target")
        batch.failures = [
            LedgerFixture.failure(clips[0]), LedgerFixture.failure(clips[1]),
            LedgerFixture.failure(clips[0], target: "other"),
        ]
        try ledger.commit(batch)
        var done = CommitBatch(target: "target")
        done.sources = [LedgerFixture.source(clips[0])]
        done.results = [LedgerFixture.result(clips[0], stage, shard: shard)]
        done.done = [clips[0]]
        try ledger.commit(done)
        #expect(try ledger.failures(target: "target").map(\.clip) == [clips[1]])
        #expect(try ledger.failures(target: "other").map(\.clip) == [clips[0]])
    }

    @Test("Forgetting makes every failed clip pending, and deaths are forgotten with it")
    func forgotten() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, _) = try fixture.filled(4)
        var batch = CommitBatch(target: "target")
        batch.failures = [LedgerFixture.failure(clips[1]), LedgerFixture.failure(clips[3])]
        try ledger.commit(batch)
        try ledger.noteDeaths(of: [clips[0], clips[2]])
        try ledger.noteDeaths(of: [clips[2]])
        #expect(try ledger.clips(withDeaths: 1) == [clips[0], clips[2]])
        #expect(try ledger.clips(withDeaths: 2) == [clips[2]])
        let pipeline = LedgerFixture.pipeline([stage])
        #expect(try ledger.counts(for: pipeline) == Parts(4, done: 0, failed: 2))
        #expect(try ledger.forgetFailures() == 2)
        #expect(try ledger.counts(for: pipeline).pending == 4)
        #expect(try ledger.failures().isEmpty && ledger.clips(withDeaths: 1).isEmpty)
        #expect(try ledger.forgetFailures() == 0)
    }
}
