import Foundation
import GRDB
import Ledger
import Testing

/// What the ledger knows of each stage's front-end.
@Suite struct FrontEndTests {
    private static let told = StageFrontEnd(stage: 1, rate: 32_000, hop: 320, settings: #"{"rate":32000}"#)

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

    @Test("A ledger of before tells none, to a reader as it is and to a writer once it has the table")
    func before() throws {
        let desk = try Desk()
        try desk.filled(3).ledger.close()
        let queue = try DatabaseQueue(path: desk.path)
        try queue.write {
            try $0.execute(sql: "DROP TABLE front_ends; DELETE FROM grdb_migrations WHERE identifier = '5'")
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
