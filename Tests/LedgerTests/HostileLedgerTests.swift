import Foundation
import Ledger
import Testing

/// Files that are no ledger, or no longer one: an error that names the file.
@Suite struct HostileLedgerTests {
    /// Opens for writing and for reading; both must refuse.
    private func refused(
        _ desk: Desk, _ kind: LedgerError.Kind, _ word: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for open in [{ try Ledger(path: desk.path) }, { try Ledger.reading(path: desk.path) }] {
            do {
                let ledger = try open()
                _ = try ledger.verifyRows()
                Issue.record("was opened", sourceLocation: sourceLocation)
            } catch let error as LedgerError {
                #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
                #expect(
                    error.path == desk.path && error.description.contains(desk.path), sourceLocation: sourceLocation)
                #expect(word.isEmpty || error.description.contains(word), "\(error)", sourceLocation: sourceLocation)
                #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
            } catch {
                Issue.record("\(error)", sourceLocation: sourceLocation)
            }
        }
    }

    private func closed(_ clips: Int) throws -> Desk {
        let desk = try Desk()
        let (ledger, ids, stage, shard) = try desk.filled(clips)
        var batch = CommitBatch(target: "target")
        batch.results = ids.map { Desk.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = ids.map(Desk.source)
        try ledger.commit(batch)
        try ledger.close()
        return desk
    }

    @Test("Bytes that are no database")
    func noDatabase() throws {
        let desk = try Desk()
        try desk.write([UInt8](repeating: 7, count: 5000))
        refused(desk, .corrupt)
        try desk.write(Array("clip,path\na,a.wav\n".utf8))
        refused(desk, .corrupt)
    }

    @Test("Another program's database is refused and left as it is")
    func anotherDatabase() throws {
        let desk = try closed(2)
        var bytes = try desk.bytes()
        // The application's number in SQLite's file header.
        bytes.replaceSubrange(68..<72, with: [0, 0, 0, 9])
        try desk.write(bytes)
        refused(desk, .corrupt, "another SQLite database")
        #expect(try desk.bytes() == bytes)
    }

    @Test("A ledger of a newer version is refused and left as it is")
    func newer() throws {
        let desk = try closed(2)
        // The name of the first version in the table of versions and in its index, each a record of one character.
        #expect(try desk.replace([3, 1, 2, 15, UInt8(ascii: "2")], by: [3, 1, 2, 15, UInt8(ascii: "9")]) == 1)
        #expect(try desk.replace([3, 15, 9, UInt8(ascii: "2")], by: [3, 15, 9, UInt8(ascii: "9")]) == 1)
        let before = try desk.bytes()
        refused(desk, .corrupt, "made by a newer")
        #expect(try desk.bytes() == before)
    }

    @Test("A ledger that was cut short anywhere is refused, or found damaged, or sound; it never ends the program")
    func truncated() throws {
        let desk = try closed(2000)
        let whole = try desk.bytes()
        #expect(whole.count > 100_000)
        for count in [1, 16, 99, 100, 512, 4095, 4096, 4097, 8192, 20_000, whole.count / 2, whole.count - 1] {
            try desk.write(Array(whole.prefix(count)))
            for name in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: desk.path + name) }
            do {
                let ledger = try Ledger.reading(path: desk.path)
                let (structure, rows) = try ledger.verifyRows()
                #expect(!structure.isEmpty || !rows.isEmpty, "cut at \(count) and all sound")
            } catch let error as LedgerError {
                #expect(error.kind == .corrupt && error.description.contains(desk.path), "\(count): \(error)")
            }
        }
    }

    @Test("A folder in the file's place, and a place where none can be made")
    func places() throws {
        let desk = try Desk()
        try FileManager.default.createDirectory(atPath: desk.path, withIntermediateDirectories: true)
        refused(desk, .inputOutput)
        #expect(throws: LedgerError.self) { try Ledger(path: "/proc/ledger.sqlite") }
        #expect(throws: LedgerError.self) { try Ledger.reading(path: desk.folder + "/none.sqlite") }
        #expect(!FileManager.default.fileExists(atPath: desk.folder + "/none.sqlite"))
    }

    @Test(
        "A folder that may not be written: nothing is made there",
        .enabled(if: geteuid() != 0, "needs a user who is not root: root may write anywhere"))
    func readOnly() throws {
        let desk = try Desk()
        chmod(desk.folder, 0o555)
        defer { chmod(desk.folder, 0o755) }
        #expect(throws: LedgerError.self) { try Ledger(path: desk.path) }
        #expect(throws: LedgerError.self) { try CacheLock(folder: desk.folder) }
    }
}
