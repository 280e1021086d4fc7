import Foundation
import Ledger
import Testing

/// The transactions that a pruning is made of.
@Suite struct PruneStepTests {
    @Test("Results and shards that go, rows that lie elsewhere, and files that are named until they are gone")
    func steps() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(4)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        try ledger.commit(batch)
        try ledger.put(LedgerFixture.pipeline([stage]))
        let old = try #require(try ledger.shard(id: shard))
        let new = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        var step = PruneStep()
        step.shards = [old]
        step.results = clips.prefix(2).map { ($0, stage) }
        step.moved = clips.suffix(2).map { LedgerFixture.result($0, stage, shard: new.id, first: ($0 - 3) * 10) }
        step.sealed = [
            ShardRecord(
                id: new.id, path: new.path, stage: stage, kind: "mel", dtype: "float32", columns: 64, rows: 20,
                bytes: 5248, digest: "d", isSealed: true)
        ]
        try ledger.noteIndex(pipelines: "target", digest: "i")
        try ledger.prune(step)
        #expect(try ledger.filesToRemove() == [old.path] && ledger.meta("index") == nil)
        #expect(try ledger.shards().map(\.id) == [new.id] && ledger.shards()[0].isSealed)
        var left: [ResultRecord] = []
        try ledger.forEachResult { left.append($0) }
        #expect(left == step.moved)
        #expect(try ledger.verifyRows().rows.isEmpty && ledger.strayRows().isEmpty)
        try ledger.forgetRemovedFiles()
        #expect(try ledger.filesToRemove().isEmpty)
        // The number of a shard that is gone is given to no other.
        #expect(
            try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "s/\($0)" }.id == new.id + 1
        )
        try ledger.forgetClips(Array(clips.prefix(2)))
        #expect(try ledger.verifyRows().rows.isEmpty && ledger.strayRows().isEmpty)
    }

    @Test("A file that a shard has by now is not named for removal")
    func reused() throws {
        let fixture = try LedgerFixture()
        let (ledger, _, stage, shard) = try fixture.filled(1)
        var step = PruneStep()
        step.shards = [try #require(try ledger.shard(id: shard))]
        try ledger.prune(step)
        let path = step.shards[0].path
        #expect(try ledger.filesToRemove() == [path])
        _ = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { _ in path }
        #expect(try ledger.filesToRemove().isEmpty)
    }

    @Test("The number of a forgotten clip is given to no other, whoever comes next")
    func numbers() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, _, _) = try fixture.filled(3)
        try ledger.adopt(manifest: "fewer", count: 1) { _ in .init("clip0", "/audio/path0.wav") }
        var without: [String] = []
        try ledger.forEachClipWithoutPlace { without.append($1) }
        #expect(without == ["clip1", "clip2"])
        try ledger.forgetClips([clips[1], clips[2]])
        try ledger.adopt(manifest: "other", count: 2) { .init("new\($0)", "/new\($0).wav") }
        #expect(try Set(ledger.clipIDs()).isDisjoint(with: clips))
        #expect(try ledger.verifyRows().rows.isEmpty && ledger.strayRows().isEmpty)
    }

    @Test(
        "Needed is what a needed stage made of a clip that is named, and of the file as it is: against a plain recount")
    func use() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(5)
        let other = try ledger.stageID(fingerprint: "otherstage", kind: "mel", classes: "")
        var batch = CommitBatch(target: "target")
        batch.results = clips.flatMap {
            [LedgerFixture.result($0, stage, shard: shard, first: $0 * 10), LedgerFixture.result($0, other, shard: 2)]
        }
        batch.sources = clips.map(LedgerFixture.source)
        // Another file in the place of the fourth clip's; the manifest then names all but the first.
        batch.sources[3] = SourceRecord(clip: clips[3], size: 1, modified: 1, content: "another")
        try ledger.commit(batch)
        try ledger.adopt(manifest: "fewer", count: 4) { .init("clip\($0 + 1)", "/audio/path\($0 + 1).wav") }
        for kept in [Set<Int64>(), [clips[0]]] {
            var needed: [String] = []
            var count = 0
            try ledger.forEachUse(stages: [stage], clips: kept) { result, isNeeded in
                count += 1
                if isNeeded { needed.append("\(result.clip) \(result.stage)") }
            }
            let named = (kept.isEmpty ? [] : [clips[0]]) + [clips[1], clips[2], clips[4]]
            #expect(count == 10 && needed == named.map { "\($0) \(stage)" })
        }
    }
}
