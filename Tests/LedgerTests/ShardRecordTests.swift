import Foundation
import Ledger
import Testing

/// Shards as the ledger knows them.
@Suite struct ShardRecordTests {
    @Test("A shard has its place before its file is made, is sealed once, and is read back the same")
    func sealed() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(2)
        let open = try #require(try ledger.shard(id: shard))
        #expect(!open.isSealed && open.rows == 0 && open.digest == nil && open.path == "shards/\(shard).npy")
        #expect(try ledger.committedRows(shard: shard) == 0)
        var batch = CommitBatch(target: "target")
        batch.results = [
            LedgerFixture.result(clips[1], stage, shard: shard, first: 10),
            LedgerFixture.result(clips[0], stage, shard: shard),
        ]
        try ledger.commit(batch)
        #expect(try ledger.committedRows(shard: shard) == 20)
        var order: [Int64] = []
        try ledger.forEachResult(shard: shard) { order.append($0.clip) }
        #expect(order == clips)
        try ledger.markSealed(id: shard, rows: 20, bytes: 5248, digest: "abc")
        try ledger.close()

        let sealed = try #require(try fixture.open().shard(id: shard))
        #expect(
            sealed
                == ShardRecord(
                    id: shard, path: open.path, stage: stage, kind: "mel", dtype: "float32", columns: 64, rows: 20,
                    bytes: 5248, digest: "abc", isSealed: true))
    }

    @Test("No number is given twice, not even that of a shard that was removed")
    func numbers() throws {
        let fixture = try LedgerFixture()
        let (ledger, _, stage, first) = try fixture.filled(1)
        func next() throws -> Int64 {
            try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }.id
        }
        let second = try next()
        try ledger.removeShard(id: second)
        #expect(try ledger.shards().map(\.id) == [first])
        let third = try next()
        #expect(first < second && second < third)
        #expect(try ledger.shard(id: second) == nil)
        // Sealing what is no longer there makes no shard out of nothing.
        try ledger.markSealed(id: second, rows: 1, bytes: 1, digest: "d")
        #expect(try ledger.shard(id: second) == nil)
    }
}
