import Foundation
import GRDB
import Ledger
import TestSupport
import Testing

/// Judgements are never lost, never mixed up and never taken on trust.
struct JudgementStoreTests {
    private static func subject(_ number: Int = 0, clip: String? = nil) -> Judgement.Subject {
        Judgement.Subject(
            clip: clip ?? "clip-\(number)", content: "digest-\(number)", label: "Dog", start: 1.25, end: 2.5,
            score: 0.625,
            peak: 0.8125, threshold: 0.5, stage: "thestage")
    }

    private static let time = "2026-05-04T12:00:00Z"

    @discardableResult
    private static func add(
        _ store: JudgementStore, _ number: Int, _ verdict: Judgement.Verdict = .accept, by reviewer: String = "Ann"
    ) throws -> Judgement {
        try store.add(subject(number), verdict, reviewer: reviewer, time: time)
    }

    private static func ids(_ store: JudgementStore) throws -> [Int64] { try store.contents().rows.map(\.id) }

    @Test("What is added is read back, field by field, in order")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        #expect(try store.contents() == JudgementStore.Contents() && !store.exists)
        let first = try store.add(
            Self.subject(clip: "a/שלום \"<b>\u{1}.wav"), .accept,
            correction: .init(label: "Cat", start: 0, end: 3.5), reviewer: "Ann", time: Self.time)
        let second = try Self.add(store, 2, .unsure, by: "Ben")
        try store.undo(second.id, reviewer: "Ben", time: Self.time)
        let contents = try JudgementStore(path: store.path).contents()
        #expect(contents.damage.isEmpty)
        #expect(
            contents.rows == [
                .judgement(first), .judgement(second), .undo(id: 3, of: 2, reviewer: "Ben", time: Self.time),
            ])
        #expect(try store.contents(after: 1).rows.map(\.id) == [2, 3])
        let history = JudgementHistory(contents.rows)
        #expect(history.all == [first] && history.count == 1 && history.clips == [first.subject.clip])
    }

    @Test("Only one's own judgement can be taken back, and once")
    func undo() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        try Self.add(store, 1)
        for (id, reviewer) in [(1, "Ben"), (2, "Ann"), (0, "Ann")] {
            #expect(throws: (any Error).self) { try store.undo(Int64(id), reviewer: reviewer, time: Self.time) }
        }
        try store.undo(1, reviewer: "Ann", time: Self.time)
        #expect(throws: (any Error).self) { try store.undo(1, reviewer: "Ann", time: Self.time) }
        // A row that takes back is no judgement.
        #expect(throws: (any Error).self) { try store.undo(2, reviewer: "Ann", time: Self.time) }
        #expect(try Self.ids(store) == [1, 2])
    }

    @Test("What makes no sense is refused, and nothing is written")
    func nonsense() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        for correction in [
            Judgement.Correction(start: 2.5), .init(end: 1), .init(start: -1), .init(start: 3, end: 2),
            .init(end: .infinity),
        ] {
            #expect(throws: (any Error).self) {
                try store.add(Self.subject(), .accept, correction: correction, reviewer: "Ann", time: Self.time)
            }
        }
        for reviewer in ["", String(repeating: "x", count: 201)] {
            #expect(throws: (any Error).self) {
                try store.add(Self.subject(), .accept, reviewer: reviewer, time: Self.time)
            }
        }
        #expect(!store.exists)
    }

    @Test("Two names of the same characters in other bytes are two clips")
    func spelling() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        for name in ["caf\u{E9}", "cafe\u{301}"] {
            _ = try store.add(Self.subject(clip: name), .accept, reviewer: "Ann", time: Self.time)
        }
        let history = JudgementHistory(try store.contents().rows)
        #expect(history.clips.count == 2 && history.judgements(of: "caf\u{E9}").count == 1)
    }

    @Test("Every bit of a small file that flips is noticed, or changes nothing that is read")
    func everyBit() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/judgements.sqlite"
        let store = JudgementStore(path: path)
        _ = try store.add(
            Self.subject(1), .accept, correction: .init(label: "Cat", start: 1.5), reviewer: "Ann", time: Self.time)
        try Self.add(store, 2, .reject, by: "Ben")
        try store.undo(1, reviewer: "Ann", time: Self.time)
        let sound = try store.contents()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var (noticed, harmless) = (0, 0)
        let damaged = folder.path + "/damaged.sqlite"
        // Pages are zero but for their headers and rows: of the zeros in between, every 64th byte.
        for place in bytes.indices where bytes[place] != 0 || place % 64 == 0 {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                try Data(changed).write(to: URL(fileURLWithPath: damaged))
                do {
                    let found = try JudgementStore(path: damaged).contents()
                    if found == sound {
                        harmless += 1
                    } else {
                        #expect(!found.damage.isEmpty, "byte \(place), bit \(bit)")
                        // What is left is what was written.
                        #expect(found.rows.allSatisfy { sound.rows.contains($0) }, "byte \(place), bit \(bit)")
                        noticed += 1
                    }
                } catch let error as LedgerError {
                    #expect(error.path == damaged, "\(error)")
                    noticed += 1
                }
                unlink(damaged + "-journal")
            }
        }
        #expect(noticed > 1000, "\(noticed) noticed, \(harmless) harmless")
    }

    @Test("A damaged row is named, and the others are read; new ones are still added")
    func damagedRow() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        for number in 1...3 { try Self.add(store, number) }
        let queue = try DatabaseQueue(path: store.path)
        try queue.write { try $0.execute(sql: "UPDATE judgements SET verdict = 'reject' WHERE id = 2") }
        let contents = try store.contents()
        #expect(contents.rows.map(\.id) == [1, 3])
        #expect(contents.damage.count == 1 && contents.damage[0].contains("judgement 2 "), "\(contents.damage)")
        try Self.add(store, 4)
        #expect(try Self.ids(store) == [1, 3, 4])
        try queue.write { try $0.execute(sql: "DELETE FROM judgements WHERE id IN (2, 3)") }
        #expect(try store.contents().damage == ["\(store.path): judgements 2 to 3 are missing"])
    }

    @Test(
        "A file that is no sound file of judgements is refused by name, and left as it is",
        arguments: ["nothing", "text", "other", "newer", "older", "column", "folder"])
    func foreign(what: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/judgements.sqlite"
        if what == "nothing" || what == "text" {
            try Data((what == "text" ? String(repeating: "no database ", count: 100) : "").utf8)
                .write(to: URL(fileURLWithPath: path))
        } else if what == "folder" {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } else {
            try Self.add(JudgementStore(path: path), 1)
            let statements = [
                "other": "PRAGMA application_id = 7", "newer": "PRAGMA user_version = 2",
                "older": "PRAGMA user_version = 0", "column": "ALTER TABLE judgements RENAME COLUMN score TO mean",
            ]
            try DatabaseQueue(path: path).writeWithoutTransaction {
                try $0.execute(sql: try #require(statements[what]))
            }
        }
        let before = try? Data(contentsOf: URL(fileURLWithPath: path))
        let store = JudgementStore(path: path)
        for attempt in [{ _ = try store.contents() }, { try Self.add(store, 2) }] as [() throws -> Void] {
            do {
                try attempt()
                Issue.record("\(what) was taken")
            } catch let error as LedgerError {
                #expect(error.kind == .corrupt && "\(error)".hasPrefix(path + ": "), "\(error)")
            }
        }
        #expect((try? Data(contentsOf: URL(fileURLWithPath: path))) == before)
    }

    @Test("A file that is moved away, removed or replaced while it is in use is refused, and not begun anew")
    func movedAway() throws {
        let folder = try TemporaryFolder()
        let (path, aside) = (folder.path + "/judgements.sqlite", folder.path + "/aside.sqlite")
        for isWriter in [true, false] {
            try Self.add(JudgementStore(path: path), 1)
            let store = JudgementStore(path: path)
            if isWriter { try Self.add(store, 2) } else { _ = try store.contents() }
            let rows = try store.contents().rows.count
            #expect(store.isSame)
            try FileManager.default.moveItem(atPath: path, toPath: aside)
            func refuses(_ words: String) {
                #expect(!store.isSame)
                for attempt in [{ _ = try store.contents() }, { try Self.add(store, 3) }] as [() throws -> Void] {
                    let error = #expect(throws: LedgerError.self) { try attempt() }
                    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
                }
            }
            refuses("moved or removed")
            #expect(!store.exists, "no new one is begun")
            try FileManager.default.copyItem(atPath: aside, toPath: path)
            refuses("replaced")
            #expect(try JudgementStore(path: path).contents().rows.count == rows, "the copy was not written to")
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: aside, toPath: path)
            try Self.add(store, 4)
            #expect(try store.contents().rows.count == rows + 1, "put back, it is used again")
            try FileManager.default.removeItem(atPath: path)
        }
    }

    @Test("While another program holds the file, reading and adding end soon, and say why")
    func locked() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        try Self.add(store, 1)
        let holder = try DatabaseQueue(path: store.path)
        try holder.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN EXCLUSIVE")
            // Both would wait for good if they waited for the lock.
            for attempt in [{ _ = try store.contents(patience: 0.05) }, { try Self.add(store, 2) }]
                as [() throws -> Void]
            {
                let error = #expect(throws: LedgerError.self) { try attempt() }
                #expect(error?.kind == .busy && error?.message.contains("another program holds") == true)
            }
            try database.execute(sql: "ROLLBACK")
        }
        #expect(JudgementStore.writePatience < 2)
        try Self.add(store, 3)
        #expect(try Self.ids(store) == [1, 2])
    }

    @Test("Looking whether there is anything new does not give up the lock of a transaction under way")
    func changesKeepLocks() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        try Self.add(store, 1)
        let before = store.changes
        let queue = try DatabaseQueue(path: store.path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN EXCLUSIVE")
            #expect(store.changes == before)
            // Another process asks for the lock, and must not get it.
            let other = Process()
            other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            other.arguments = [
                "python3", "-c",
                "import sqlite3, sys\nsqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN EXCLUSIVE')", store.path,
            ]
            other.standardError = FileHandle.nullDevice
            try other.run()
            other.waitUntilExit()
            #expect(other.terminationStatus == 1)
            try database.execute(sql: "ROLLBACK")
        }
        try Self.add(store, 2)
        #expect(store.changes > before)
    }

    @Test("Threads with a store each lose nothing and number every row")
    func together() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/judgements.sqlite"
        let (writers, each) = (4, 12)
        DispatchQueue.concurrentPerform(iterations: writers) { writer in
            let store = JudgementStore(path: path)
            for number in 0..<each {
                do { try Self.add(store, number, by: "reviewer \(writer)") } catch {
                    Issue.record("writer \(writer): \(error)")
                }
            }
        }
        let contents = try JudgementStore(path: path).contents()
        #expect(contents.damage.isEmpty && contents.rows.map(\.id) == (1...Int64(writers * each)).map { $0 })
        let all = JudgementHistory(contents.rows).all
        for writer in 0..<writers {
            #expect(
                all.filter { $0.reviewer == "reviewer \(writer)" }.map(\.subject.clip)
                    == (0..<each).map { "clip-\($0)" })
        }
        // Nothing is left of how the file was made.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["judgements.sqlite"])
    }

    @Test(
        "Where nothing may be written, judgements are read, and adding says why it cannot",
        .enabled(if: geteuid() != 0, "needs a user other than root")
    )
    func readOnly() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        try Self.add(store, 1)
        chmod(store.path, 0o444)
        chmod(folder.path, 0o555)
        defer { chmod(folder.path, 0o755) }
        #expect(try Self.ids(store) == [1] && !store.isWritable)
        #expect(throws: LedgerError.self) { try Self.add(store, 2) }
    }

    @Test("A change by another process is told by the count of changes")
    func changes() throws {
        let folder = try TemporaryFolder()
        let store = JudgementStore(path: folder.path + "/judgements.sqlite")
        #expect(store.changes == -1)
        var seen: Set<Int64> = [-1]
        for number in 1...5 {
            try Self.add(JudgementStore(path: store.path), number)
            #expect(seen.insert(store.changes).inserted)
        }
    }
}
