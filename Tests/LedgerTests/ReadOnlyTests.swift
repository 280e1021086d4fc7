import Foundation
import Ledger
import Testing

/// A ledger that may not be written is read all the same, with nothing made beside it.
@Suite struct ReadOnlyTests {
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("A ledger at rest, in a folder whose name means something in a URI")
    func atRest() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, _, _) = try fixture.filled(3)
        try ledger.close()
        let odd = fixture.folder + "/50% of #1?mode=rw"
        try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: fixture.path, toPath: odd + "/ledger.sqlite")
        let read = try Ledger.readingAtRest(path: odd + "/ledger.sqlite")
        #expect(try read.clipIDs() == clips && read.note == nil)
        #expect(try names(odd) == ["ledger.sqlite"])
    }

    @Test("One with a log that a killed run left: a copy of both is read, and it says so")
    func withLog() throws {
        let origin = try LedgerFixture()
        let (ledger, clips, stage, shard) = try origin.filled(3)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        try ledger.commit(batch)
        let fixture = try LedgerFixture()
        for name in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: origin.path + name, toPath: fixture.path + name)
        }
        let before = try names(fixture.folder)
        let read = try Ledger.readingAtRest(path: fixture.path)
        var found: [Int64] = []
        try read.forEachResult(stage: stage) { found.append($0.clip) }
        #expect(found == clips)
        #expect(read.note?.contains("read from a copy") == true)
        #expect(try names(fixture.folder) == before)
        withExtendedLifetime(ledger) {}
    }

    @Test(
        "In a folder of another user's that may not be written",
        .enabled(if: geteuid() != 0, "needs a user who is not root: root may write anywhere"))
    func unwritable() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, _, _) = try fixture.filled(3)
        try ledger.close()
        chmod(fixture.folder, 0o555)
        defer { chmod(fixture.folder, 0o755) }
        #expect(try Ledger.reading(path: fixture.path).clipIDs() == clips)
    }

    @Test("A path that is too long for SQLite is refused in words that say so")
    func longPath() throws {
        let fixture = try LedgerFixture()
        let folder = fixture.folder + String(repeating: "/" + String(repeating: "x", count: 200), count: 5)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for open in [{ try Ledger(path: folder + "/l") }, { try Ledger.reading(path: folder + "/l") }] {
            #expect {
                try open()
            } throws: {
                "\($0)".contains("expected at most 504") && ($0 as? LedgerError)?.kind == .inputOutput
            }
        }
    }
}
