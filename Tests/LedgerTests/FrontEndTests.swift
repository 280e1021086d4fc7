import Foundation
import GRDB
import Ledger
import Testing

/// What the ledger knows of each stage's front-end.
@Suite struct FrontEndTests {
    private static let told = StageFrontEnd(
        stage: 1, rate: 32_000, hop: 320, chunkHop: 160_000, settings: #"{"rate":32000}"#)

    @Test("What is put is found again, once, after reopening")
    func thereAndBack() throws {
        let fixture = try LedgerFixture()
        let (ledger, _, stage, _) = try fixture.filled(2)
        #expect(try ledger.frontEnds().isEmpty && stage == Self.told.stage)
        try ledger.put(Self.told)
        try ledger.put(Self.told)
        try ledger.close()
        let again = try fixture.open()
        #expect(try again.frontEnds() == [stage: Self.told])
        #expect(try again.verifyRows().rows.isEmpty)
    }

    @Test("A damaged row is found; mending it takes the stage's results along, so that nobody takes them for YAMNet's")
    func damage() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(1)
        var batch = CommitBatch(target: "target")
        batch.results = [
            ResultRecord(
                clip: clips[0], stage: stage, content: "c", shard: shard, firstRow: 0, rowCount: 5, digest: "d")
        ]
        try ledger.commit(batch)
        try ledger.put(Self.told)
        try ledger.close()
        #expect(try fixture.replace(Array("32000}".utf8), by: Array("16000}".utf8)) == 1)
        let damaged = try fixture.open()
        let rows = try damaged.verifyRows().rows
        #expect(rows.map(\.table) == ["front_ends"] && rows.map(\.stage) == [stage])
        try damaged.repair(rows)
        #expect(try damaged.verifyRows().rows.isEmpty && damaged.frontEnds().isEmpty)
        #expect(try damaged.result(clip: clips[0], stage: stage) == nil)
    }

    /// A ledger of one page lost: of results and sources every row is there, of front-ends none.
    @Test("What is saved of a ledger has its front-ends, or no results of a stage whose front-end is lost")
    func salvaged() throws {
        for isLost in [false, true] {
            let fixture = try LedgerFixture()
            let (ledger, clips, stage, shard) = try fixture.filled(40)
            var batch = CommitBatch(target: "target")
            batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
            batch.sources = clips.map(LedgerFixture.source)
            try ledger.commit(batch)
            try ledger.put(Self.told)
            try ledger.close()
            if isLost { #expect(try fixture.replace(Array("32000}".utf8), by: Array("16000}".utf8)) == 1) }
            let saved = try Ledger.salvage(path: fixture.path)
            #expect(saved.clips == 40 && saved.results == (isLost ? 0 : 40))
            #expect(saved.ofLostFrontEnds == (isLost ? 40 : 0))
            let again = try fixture.open()
            #expect(try again.frontEnds() == (isLost ? [:] : [stage: Self.told]))
            var sources = 0
            try again.forEachSource { _ in sources += 1 }
            #expect(try sources == 40 && again.verifyRows().rows.isEmpty && again.strayRows().isEmpty)
        }
    }

    @Test("A ledger of before tells none, to a reader as it is and to a writer once it has the table")
    func before() throws {
        let fixture = try LedgerFixture()
        try fixture.filled(3).ledger.close()
        let queue = try DatabaseQueue(path: fixture.path)
        try queue.write {
            try $0.execute(sql: "DROP TABLE front_ends; DELETE FROM grdb_migrations WHERE identifier = '4'")
        }
        try queue.close()
        let reader = try Ledger.reading(path: fixture.path)
        #expect(try reader.frontEnds().isEmpty && reader.stages().count == 1 && reader.verifyRows().rows.isEmpty)
        try reader.close()
        let writer = try fixture.open()
        #expect(try writer.frontEnds().isEmpty && writer.clipIDs().count == 3)
        try writer.put(Self.told)
        #expect(try writer.frontEnds().count == 1 && writer.verifyRows().structure.isEmpty)
    }
}
