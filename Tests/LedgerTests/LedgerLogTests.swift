import Foundation
import Ledger
import Testing

/// A log of commits whose bytes changed: SQLite takes it for a shorter one, and `LedgerLog` tells.
@Suite struct LedgerLogTests {
    /// A ledger as a killed process leaves it: some commits in the log alone.
    ///
    /// - Returns: the fixture with the copy, its log's bytes, and the writer, which must live as long as they are needed.
    private func killed(commits: Int) throws -> (fixture: LedgerFixture, log: [UInt8]) {
        let origin = try LedgerFixture()
        let (ledger, clips, stage, shard) = try origin.filled(commits)
        for clip in clips {
            var batch = CommitBatch(target: "target")
            batch.results = [LedgerFixture.result(clip, stage, shard: shard, first: clip * 10)]
            batch.sources = [LedgerFixture.source(clip)]
            try ledger.commit(batch)
        }
        let fixture = try LedgerFixture()
        for name in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: origin.path + name, toPath: fixture.path + name)
        }
        let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture.path + "-wal")))
        try ledger.close()
        return (fixture, log)
    }

    private func write(_ bytes: [UInt8], _ fixture: LedgerFixture) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: fixture.path + "-wal"))
    }

    @Test("A sound log, none at all, and one that ends within a frame say nothing")
    func sound() throws {
        let (fixture, log) = try killed(commits: 4)
        #expect(log.count > 10_000)
        #expect(LedgerLog.damage(beside: fixture.path) == nil)
        // What a power cut leaves: the last frames are not all there.
        for cut in [1, 5000, log.count - 31, log.count] {
            try write(Array(log.dropLast(cut)), fixture)
            #expect(LedgerLog.damage(beside: fixture.path) == nil)
        }
        try FileManager.default.removeItem(atPath: fixture.path + "-wal")
        #expect(LedgerLog.damage(beside: fixture.path) == nil)
    }

    @Test("A flipped byte before the last commit is found and its place named; SQLite itself says nothing")
    func flipped() throws {
        let (fixture, log) = try killed(commits: 6)
        // From the start of the frame before the last: what is behind it, a cut would leave as well.
        for place in stride(from: 0, to: log.count - 2 * 4120, by: 997) {
            var bytes = log
            bytes[place] ^= 0x10
            try write(bytes, fixture)
            let damage = try #require(LedgerLog.damage(beside: fixture.path), "byte \(place)")
            #expect(damage.contains("ledger.sqlite-wal: byte ") && damage.contains("pending"))
        }
    }

    @Test("After an orderly close there is no log")
    func closed() throws {
        let fixture = try LedgerFixture()
        let (ledger, _, _, _) = try fixture.filled(3)
        #expect(FileManager.default.fileExists(atPath: fixture.path + "-wal"))
        try ledger.close()
        #expect(!FileManager.default.fileExists(atPath: fixture.path + "-wal"))
    }
}
