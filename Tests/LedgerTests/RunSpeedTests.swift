import Foundation
import GRDB
import Ledger
import Testing

/// What the ledger keeps of runs, so that the same work can be reckoned beforehand; and ledgers of before it did.
@Suite struct RunSpeedTests {
    @Test("Runs of one work that ended and know their audio, the last one first; the others are none of it")
    func measured() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        func run(_ work: String?, audio: Double?, ends: Bool = true) throws -> Int64 {
            let id = try ledger.beginRun(pipeline: "p", workers: 2, work: work)
            if ends { try ledger.finishRun(id: id, outcome: "complete", done: 1, failed: 0, audio: audio) }
            return id
        }
        let first = try run("a", audio: 12.5)
        _ = try run("b", audio: 100)
        _ = try run(nil, audio: 100)
        _ = try run("a", audio: nil)
        _ = try run("a", audio: 0)
        _ = try run("a", audio: 9, ends: false)
        let last = try run("a", audio: 7)
        let found = try ledger.measuredRuns(work: "a", limit: 8)
        #expect(found.map(\.id) == [last, first] && found.map(\.audio) == [7, 12.5])
        #expect(found.allSatisfy { $0.work == "a" && $0.workers == 2 && $0.finished ?? 0 > $0.started })
        #expect(try ledger.measuredRuns(work: "a", limit: 1).map(\.id) == [last])
        #expect(try ledger.lastRun()?.audio == 7)
        #expect(try ledger.verifyRows().rows.isEmpty)
    }

    @Test(
        "A ledger of version 4 is read as it is and brought up to date with its rows' checks, to the tables of a new one"
    )
    func migrated() throws {
        let fixture = try LedgerFixture()
        var ledger = try fixture.open()
        let id = try ledger.beginRun(pipeline: "p", workers: 3)
        try ledger.finishRun(id: id, outcome: "interrupted", done: 5, failed: 2)
        try ledger.close()
        let old = try DatabaseQueue(path: fixture.path)
        try old.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    ALTER TABLE runs DROP COLUMN work; ALTER TABLE runs DROP COLUMN audio;
                    DELETE FROM grdb_migrations WHERE identifier = '5';
                    """)
        }
        try old.close()
        let before = try fixture.bytes()
        for _ in 0..<2 {
            let reading = try Ledger.reading(path: fixture.path)
            let run = try #require(try reading.lastRun())
            #expect(run.id == id && run.workers == 3 && run.done == 5 && run.failed == 2 && run.audio == nil)
            #expect(try run.work == nil && reading.measuredRuns(work: "", limit: 8).isEmpty)
            #expect(try reading.verifyRows().rows.isEmpty)
        }
        #expect(try fixture.bytes() == before)
        ledger = try fixture.open()
        #expect(try ledger.verifyRows().rows.isEmpty)
        let next = try ledger.beginRun(pipeline: "p", workers: 1, work: "w")
        try ledger.finishRun(id: next, outcome: "complete", done: 1, failed: 0, audio: 3)
        try ledger.close()
        // Opening holds the tables against those of a ledger that was just made.
        let again = try Ledger.reading(path: fixture.path)
        #expect(try again.measuredRuns(work: "w", limit: 8).map(\.id) == [next])
        #expect(try again.verifyRows().rows.isEmpty)
    }
}
