import Foundation
import Ledger
import Testing

/// A log of commits whose bytes changed: SQLite takes it for a shorter one, and `LedgerLog` tells.
@Suite struct LedgerLogTests {
    /// A ledger as a killed process leaves it: some commits in the log alone.
    ///
    /// - Returns: the desk with the copy, its log's bytes, and the writer, which must live as long as they are needed.
    private func killed(commits: Int) throws -> (desk: Desk, log: [UInt8]) {
        let origin = try Desk()
        let (ledger, clips, stage, shard) = try origin.filled(commits)
        for clip in clips {
            var batch = CommitBatch(target: "target")
            batch.results = [Desk.result(clip, stage, shard: shard, first: clip * 10)]
            batch.sources = [Desk.source(clip)]
            try ledger.commit(batch)
        }
        let desk = try Desk()
        for name in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: origin.path + name, toPath: desk.path + name)
        }
        let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: desk.path + "-wal")))
        try ledger.close()
        return (desk, log)
    }

    private func write(_ bytes: [UInt8], _ desk: Desk) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: desk.path + "-wal"))
    }

    @Test("A sound log, none at all, and one that ends within a frame say nothing")
    func sound() throws {
        let (desk, log) = try killed(commits: 4)
        #expect(log.count > 10_000)
        #expect(LedgerLog.damage(beside: desk.path) == nil)
        // What a power cut leaves: the last frames are not all there.
        for cut in [1, 5000, log.count - 31, log.count] {
            try write(Array(log.dropLast(cut)), desk)
            #expect(LedgerLog.damage(beside: desk.path) == nil)
        }
        try FileManager.default.removeItem(atPath: desk.path + "-wal")
        #expect(LedgerLog.damage(beside: desk.path) == nil)
    }

    @Test("A flipped byte before the last commit is found and its place named; SQLite itself says nothing")
    func flipped() throws {
        let (desk, log) = try killed(commits: 6)
        // From the start of the frame before the last: what is behind it, a cut would leave as well.
        for place in stride(from: 0, to: log.count - 2 * 4120, by: 997) {
            var bytes = log
            bytes[place] ^= 0x10
            try write(bytes, desk)
            let damage = try #require(LedgerLog.damage(beside: desk.path), "byte \(place)")
            #expect(damage.contains("ledger.sqlite-wal: byte ") && damage.contains("pending"))
        }
    }

    @Test("After an orderly close there is no log")
    func closed() throws {
        let desk = try Desk()
        let (ledger, _, _, _) = try desk.filled(3)
        #expect(FileManager.default.fileExists(atPath: desk.path + "-wal"))
        try ledger.close()
        #expect(!FileManager.default.fileExists(atPath: desk.path + "-wal"))
    }
}
