import Foundation
import Ledger
import Testing

/// Damaged rows are taken out, with what hangs on them and nothing else.
@Suite struct RepairTests {
    /// Three clips with results of one stage, one of them failed under another pipeline; closed, then a text of it changed.
    private func damaged(_ text: String) throws -> (desk: Desk, ledger: Ledger, clips: [Int64], stage: Int64) {
        let desk = try Desk()
        let (ledger, clips, stage, shard) = try desk.filled(3)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { Desk.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(Desk.source)
        batch.failures = [Desk.failure(clips[1], target: "other", reason: "thereason")]
        try ledger.commit(batch)
        try ledger.put(Desk.pipeline([stage]))
        try ledger.put(model: "sha256:thedigest", path: "/models/themodel")
        _ = try ledger.beginRun(pipeline: "thepipeline", workers: 1)
        try ledger.noteDeaths(of: [clips[2]])
        try ledger.close()
        var other = Array(text.utf8)
        other[other.count - 1] ^= 1
        #expect(try desk.replace(Array(text.utf8), by: other) > 0)
        return (desk, try desk.open(), clips, stage)
    }

    private func results(_ ledger: Ledger, _ stage: Int64) throws -> [Int64] {
        var found: [Int64] = []
        try ledger.forEachResult(stage: stage) { found.append($0.clip) }
        return found
    }

    @Test(
        "The row is found, a repair takes it out, and what is left is sound",
        arguments: [
            ("content2", "results", [1, 3]), ("digest3", "results", [1, 2]), ("thereason", "failures", [1, 2, 3]),
            ("/models/themodel", "models", [1, 2, 3]), ("thepipeline", "runs", [1, 2, 3]),
            ("p.yaml", "pipelines", [1, 2, 3]), ("thestage", "stages", []), ("shards/1.npy", "shards", []),
        ] as [(String, String, [Int64])])
    func rows(text: String, table: String, left: [Int64]) throws {
        let (desk, ledger, _, stage) = try damaged(text)
        let found = try ledger.verifyRows()
        #expect(found.rows.contains { $0.table == table }, "\(found)")
        try ledger.repair(found.rows)
        try ledger.rebuildIndexes()
        let again = try ledger.verifyRows()
        #expect(again.structure.isEmpty && again.rows.isEmpty, "\(again)")
        #expect(try results(ledger, stage) == left)
        withExtendedLifetime(desk) {}
    }

    @Test("A clip's row is made anew by the next run, which reads the manifest again")
    func clips() throws {
        let (desk, ledger, clips, stage) = try damaged("/audio/path1.wav")
        let found = try ledger.verifyRows().rows
        #expect(found.map(\.table) == ["clips"] && found.first?.clip == clips[1])
        try ledger.repair(found)
        var reads = 0
        try ledger.adopt(manifest: "m3", count: 3) { place in
            reads += 1
            return ("clip\(place)", "/audio/path\(place).wav")
        }
        #expect(try reads == 3 && ledger.verifyRows().rows.isEmpty && results(ledger, stage) == clips)
        withExtendedLifetime(desk) {}
    }

    @Test("Numbers of shards are not given again, though the row that counts them was taken out")
    func shardNumbers() throws {
        let (desk, ledger, _, stage) = try damaged("next-shard")
        try ledger.repair(try ledger.verifyRows().rows)
        let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        #expect(shard.id > 1)
        withExtendedLifetime(desk) {}
    }

    @Test("A clip that was done after a death is no suspect any more")
    func survived() throws {
        let desk = try Desk()
        let (ledger, clips, _, _) = try desk.filled(2)
        try ledger.noteDeaths(of: clips)
        var batch = CommitBatch(target: "target")
        batch.done = [clips[0]]
        try ledger.commit(batch)
        #expect(try ledger.clips(withDeaths: 1) == [clips[1]])
    }
}
