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
        let desk = try Desk()
        let (ledger, _, stage, _) = try desk.filled(2)
        #expect(try ledger.frontEnds().isEmpty && stage == Self.told.stage)
        try ledger.put(Self.told)
        try ledger.put(Self.told)
        try ledger.close()
        let again = try desk.open()
        #expect(try again.frontEnds() == [stage: Self.told])
        #expect(try again.verifyRows().rows.isEmpty)
    }

    @Test("A damaged row is found; mending it takes the stage's results along, so that nobody takes them for YAMNet's")
    func damage() throws {
        let desk = try Desk()
        let (ledger, clips, stage, shard) = try desk.filled(1)
        var batch = CommitBatch(target: "target")
        batch.results = [
            ResultRecord(
                clip: clips[0], stage: stage, content: "c", shard: shard, firstRow: 0, rowCount: 5, digest: "d")
        ]
        try ledger.commit(batch)
        try ledger.put(Self.told)
        try ledger.close()
        #expect(try desk.replace(Array("32000}".utf8), by: Array("16000}".utf8)) == 1)
        let damaged = try desk.open()
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
            let desk = try Desk()
            let (ledger, clips, stage, shard) = try desk.filled(40)
            var batch = CommitBatch(target: "target")
            batch.results = clips.map { Desk.result($0, stage, shard: shard, first: $0 * 10) }
            batch.sources = clips.map(Desk.source)
            try ledger.commit(batch)
            try ledger.put(Self.told)
            try ledger.close()
            if isLost { #expect(try desk.replace(Array("32000}".utf8), by: Array("16000}".utf8)) == 1) }
            let saved = try Ledger.salvage(path: desk.path)
            #expect(saved.clips == 40 && saved.results == (isLost ? 0 : 40))
            #expect(saved.ofLostFrontEnds == (isLost ? 40 : 0))
            let again = try desk.open()
            #expect(try again.frontEnds() == (isLost ? [:] : [stage: Self.told]))
            var sources = 0
            try again.forEachSource { _ in sources += 1 }
            #expect(try sources == 40 && again.verifyRows().rows.isEmpty && again.strayRows().isEmpty)
        }
    }

    @Test("A ledger of before tells none, to a reader as it is and to a writer once it has the table")
    func before() throws {
        let desk = try Desk()
        try desk.filled(3).ledger.close()
        let queue = try DatabaseQueue(path: desk.path)
        try queue.write {
            try $0.execute(sql: "DROP TABLE front_ends; DELETE FROM grdb_migrations WHERE identifier = '4'")
        }
        try queue.close()
        let reader = try Ledger.reading(path: desk.path)
        #expect(try reader.frontEnds().isEmpty && reader.stages().count == 1 && reader.verifyRows().rows.isEmpty)
        try reader.close()
        let writer = try desk.open()
        #expect(try writer.frontEnds().isEmpty && writer.clipIDs().count == 3)
        try writer.put(Self.told)
        #expect(try writer.frontEnds().count == 1 && writer.verifyRows().structure.isEmpty)
    }
}
