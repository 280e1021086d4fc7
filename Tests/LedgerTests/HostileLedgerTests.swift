import Foundation
import Ledger
import Testing

/// Files that are no ledger, or no longer one: an error that names the file.
@Suite struct HostileLedgerTests {
    /// Opens for writing and for reading; both must refuse.
    private func refused(
        _ made: LedgerFixture, _ kind: LedgerError.Kind, _ word: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for open in [{ try Ledger(path: made.path) }, { try Ledger.reading(path: made.path) }] {
            do {
                let ledger = try open()
                _ = try ledger.verifyRows()
                Issue.record("was opened", sourceLocation: sourceLocation)
            } catch let error as LedgerError {
                #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
                #expect(
                    error.path == made.path && error.description.contains(made.path), sourceLocation: sourceLocation)
                #expect(word.isEmpty || error.description.contains(word), "\(error)", sourceLocation: sourceLocation)
                #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
            } catch {
                Issue.record("\(error)", sourceLocation: sourceLocation)
            }
        }
    }

    private func closed(_ clips: Int) throws -> LedgerFixture {
        let made = try LedgerFixture()
        let (ledger, ids, stage, shard) = try made.filled(clips)
        var batch = CommitBatch(target: "target")
        batch.results = ids.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = ids.map(LedgerFixture.source)
        try ledger.commit(batch)
        try ledger.close()
        return made
    }

    @Test("Bytes that are no database")
    func noDatabase() throws {
        let made = try LedgerFixture()
        try made.write([UInt8](repeating: 7, count: 5000))
        refused(made, .corrupt)
        try made.write(Array("clip,path\na,a.wav\n".utf8))
        refused(made, .corrupt)
    }

    @Test("Another program's database is refused and left as it is")
    func anotherDatabase() throws {
        let made = try closed(2)
        var bytes = try made.bytes()
        // The application's number in SQLite's file header.
        bytes.replaceSubrange(68..<72, with: [0, 0, 0, 9])
        try made.write(bytes)
        refused(made, .corrupt, "another SQLite database")
        #expect(try made.bytes() == bytes)
    }

    @Test("A ledger of a newer version is refused and left as it is")
    func newer() throws {
        let made = try closed(2)
        // The name of the first version in the table of versions and in its index, each a record of one character.
        #expect(try made.replace([3, 1, 2, 15, UInt8(ascii: "2")], by: [3, 1, 2, 15, UInt8(ascii: "9")]) == 1)
        #expect(try made.replace([3, 15, 9, UInt8(ascii: "2")], by: [3, 15, 9, UInt8(ascii: "9")]) == 1)
        let before = try made.bytes()
        refused(made, .corrupt, "made by a newer")
        #expect(try made.bytes() == before)
    }

    @Test("A ledger that was cut short anywhere is refused, or found damaged, or sound; it never ends the program")
    func truncated() throws {
        let made = try closed(2000)
        let whole = try made.bytes()
        #expect(whole.count > 100_000)
        for count in [1, 16, 99, 100, 512, 4095, 4096, 4097, 8192, 20_000, whole.count / 2, whole.count - 1] {
            try made.write(Array(whole.prefix(count)))
            for name in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: made.path + name) }
            do {
                let ledger = try Ledger.reading(path: made.path)
                let (structure, rows) = try ledger.verifyRows()
                #expect(!structure.isEmpty || !rows.isEmpty, "cut at \(count) and all sound")
            } catch let error as LedgerError {
                #expect(error.kind == .corrupt && error.description.contains(made.path), "\(count): \(error)")
            }
        }
    }

    @Test("A folder in the file's place, and a place where none can be made")
    func places() throws {
        let made = try LedgerFixture()
        try FileManager.default.createDirectory(atPath: made.path, withIntermediateDirectories: true)
        refused(made, .inputOutput)
        #expect(throws: LedgerError.self) { try Ledger(path: "/proc/ledger.sqlite") }
        #expect(throws: LedgerError.self) { try Ledger.reading(path: made.folder + "/none.sqlite") }
        #expect(!FileManager.default.fileExists(atPath: made.folder + "/none.sqlite"))
    }

    @Test(
        "A folder that may not be written: nothing is made there",
        .enabled(if: geteuid() != 0, "needs a user who is not root: root may write anywhere"))
    func readOnly() throws {
        let made = try LedgerFixture()
        chmod(made.folder, 0o555)
        defer { chmod(made.folder, 0o755) }
        #expect(throws: LedgerError.self) { try Ledger(path: made.path) }
        #expect(throws: LedgerError.self) { try CacheLock(folder: made.folder) }
    }
}
