import Foundation
import GRDB
import Ledger
import TestSupport
import Testing

/// What a process leaves that is killed while it stores a judgement: a file that is changed in part, and the journal
/// that undoes it.
struct CutOffJudgementTests {
    private let folder: TemporaryFolder
    private let path: String
    private var journal: String { path + "-journal" }

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/judgements.sqlite"
        for number in 1...3 { try Self.add(JudgementStore(path: path), number) }
    }

    @discardableResult
    private static func add(_ store: JudgementStore, _ number: Int) throws -> Judgement {
        try store.add(
            Judgement.Subject(
                clip: "clip-\(number)", content: "digest-\(number)", label: "Dog", start: 1.25, end: 2.5, score: 0.625,
                peak: 0.8125, threshold: 0.5, stage: "thestage"),
            .accept, reviewer: "Ann", time: "2026-05-04T12:00:00Z")
    }

    private static let begun = """
        UPDATE judgements SET reviewer = 'nobody';
        WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 500)
        INSERT INTO judgements SELECT 1000 + i, hex(zeroblob(1000)), '', '', 0, 1, 0, 0, 0, '', 'accept', NULL, NULL,
            NULL, NULL, 'nobody', '', 0 FROM numbers;
        """

    /// Puts file and journal into the state of a moment late in a transaction, when only the journal's removal is left
    /// to do: copies that are taken in the middle of one. The file stays the same one.
    private static func cutOff(_ path: String) throws {
        func bytes(_ ending: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + ending)) }
        let before = try bytes("")
        var (file, journal) = (Data(), Data())
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            // So that pages go to the file before the transaction ends.
            try database.execute(sql: "PRAGMA cache_size = 1; BEGIN EXCLUSIVE")
            try database.execute(sql: begun)
            (file, journal) = (try bytes(""), try bytes("-journal"))
            try database.execute(sql: "ROLLBACK")
        }
        try queue.close()
        // The count of changes, which goes to the file last: bytes 24 to 27.
        file[27] += 1
        try #require(file != before && file.count > before.count && journal[0] == 0xD9, "nothing was begun")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: file)
        try handle.close()
        try journal.write(to: URL(fileURLWithPath: path + "-journal"))
    }

    @Test("Reading undoes what was begun, byte for byte, and reads what was stored before")
    func undone() throws {
        let bytes = try folder.bytes(path)
        let stored = try JudgementStore(path: path).contents()
        #expect(stored.rows.count == 3 && stored.damage.isEmpty)
        // A store that has read the file before, and one that has not.
        let used = JudgementStore(path: path)
        _ = try used.contents()
        for store in [used, JudgementStore(path: path)] {
            try Self.cutOff(path)
            #expect(try store.contents() == stored)
            #expect(access(journal, F_OK) != 0)
            #expect(try folder.bytes(path) == bytes)
        }
        try Self.cutOff(path)
        #expect(try used.contents(after: 2).rows.map(\.id) == [3])
        try Self.cutOff(path)
        #expect(try Self.add(used, 4).id == 4, "adding undoes it too")
        #expect(try used.contents().rows.count == 4)
    }

    @Test("A judgement is seen though the count of changes is again what it was in the middle of what was undone")
    func countOfChanges() throws {
        let store = JudgementStore(path: path)
        _ = try store.contents()
        #expect(store.changesRead == store.changes)
        try Self.cutOff(path)
        let seen = store.changes
        _ = try store.contents()
        try Self.add(JudgementStore(path: path), 4)
        #expect(store.changes == seen, "so that alone tells nothing")
        #expect(store.changesRead != store.changes)
        #expect(try store.contents().rows.count == 4 && store.changesRead == store.changes)
    }

    @Test("A transaction that is under way is left alone")
    func underWay() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE; UPDATE judgements SET reviewer = 'Ben' WHERE id = 2")
            #expect(access(journal, F_OK) == 0)
            #expect(try JudgementStore(path: path).contents().rows.count == 3)
            #expect(access(journal, F_OK) == 0)
            try database.execute(sql: "COMMIT")
        }
        // The row's check is that of the other reviewer.
        #expect(try JudgementStore(path: path).contents().damage.count == 1)
    }

    @Test("Where nothing may be written, one line says that it cannot be undone, and what to do")
    func readOnly() async {
        // In a process of its own, which gives up the rights of root, who may write anywhere.
        await #expect(processExitsWith: .success) {
            let made = try CutOffJudgementTests()
            let user = geteuid()
            for mode: mode_t in [0o444, 0o666] {
                try Self.cutOff(made.path)
                for path in [made.path, made.journal] { chmod(path, mode) }
                chmod(made.folder.path, 0o555)
                if user == 0 { precondition(seteuid(65_534) == 0) }
                do {
                    _ = try JudgementStore(path: made.path).contents()
                    fatalError("it was read")
                } catch let error as LedgerError {
                    precondition(error.kind == .inputOutput && "\(error)".hasPrefix(made.path + ": "), "\(error)")
                    precondition(error.message.contains("cannot be undone here"), "\(error)")
                    precondition(!"\(error)".contains("\n"))
                }
                if user == 0 { precondition(seteuid(0) == 0) }
                chmod(made.folder.path, 0o755)
                for path in [made.path, made.journal] { chmod(path, 0o644) }
                let rows = try JudgementStore(path: made.path).contents().rows
                precondition(rows.count == 3)
            }
        }
    }

    @Test("A journal without its file is applied to no new one")
    func journalAlone() throws {
        try Self.cutOff(path)
        let aside = folder.path + "/aside"
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        let error = #expect(throws: LedgerError.self) { try Self.add(JudgementStore(path: path), 4) }
        #expect(error?.kind == .corrupt && error?.message.contains("-journal without it") == true)
        #expect(access(path, F_OK) != 0)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        #expect(try Self.add(JudgementStore(path: path), 4).id == 4)
    }
}
