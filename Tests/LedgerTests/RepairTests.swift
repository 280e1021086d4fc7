import Foundation
import Ledger
import Testing

/// Damaged rows are taken out, with what hangs on them and nothing else.
@Suite struct RepairTests {
    /// Three clips with results of one stage, one of them failed under another pipeline; closed, then a text of it changed.
    private func damaged(_ text: String) throws -> (made: LedgerFixture, ledger: Ledger, clips: [Int64], stage: Int64) {
        let made = try LedgerFixture()
        let (ledger, clips, stage, shard) = try made.filled(3)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        batch.failures = [LedgerFixture.failure(clips[1], target: "other", reason: "thereason")]
        try ledger.commit(batch)
        try ledger.put(LedgerFixture.pipeline([stage]))
        try ledger.put(model: "sha256:thedigest", path: "/models/themodel")
        try ledger.put(StageFrontEnd(stage: stage, rate: 16_000, hop: 1, chunkHop: 8000, settings: "thesettings"))
        _ = try ledger.beginRun(pipeline: "thepipeline", workers: 1)
        try ledger.noteDeaths(of: [clips[2]])
        try ledger.close()
        var other = Array(text.utf8)
        other[other.count - 1] ^= 1
        #expect(try made.replace(Array(text.utf8), by: other) > 0)
        return (made, try made.open(), clips, stage)
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
            ("p.yaml", "pipelines", [1, 2, 3]), ("thestage", "stages", []), ("thesettings", "front_ends", []),
            ("shards/1.npy", "shards", []),
        ] as [(String, String, [Int64])])
    func rows(text: String, table: String, left: [Int64]) throws {
        let (made, ledger, _, stage) = try damaged(text)
        let found = try ledger.verifyRows()
        #expect(found.rows.contains { $0.table == table }, "\(found)")
        try ledger.repair(found.rows)
        try ledger.rebuildIndexes()
        let again = try ledger.verifyRows()
        #expect(again.structure.isEmpty && again.rows.isEmpty, "\(again)")
        #expect(try results(ledger, stage) == left)
        withExtendedLifetime(made) {}
    }

    @Test("A clip's row is made anew by the next run, which reads the manifest again")
    func clips() throws {
        let (made, ledger, clips, stage) = try damaged("/audio/path1.wav")
        let found = try ledger.verifyRows().rows
        #expect(found.map(\.table) == ["clips"] && found.first?.clip == clips[1])
        try ledger.repair(found)
        var reads = 0
        try ledger.adopt(manifest: "m3", count: 3) { place in
            reads += 1
            return .init("clip\(place)", "/audio/path\(place).wav")
        }
        #expect(try reads == 3 && ledger.verifyRows().rows.isEmpty && results(ledger, stage) == clips)
        withExtendedLifetime(made) {}
    }

    @Test("Numbers of shards are not given again, though the row that counts them was taken out")
    func shardNumbers() throws {
        let (made, ledger, _, stage) = try damaged("next-shard")
        try ledger.repair(try ledger.verifyRows().rows)
        let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        #expect(shard.id > 1)
        withExtendedLifetime(made) {}
    }

    @Test("Of a ledger with a broken page what can be read is saved, and the rest is pending")
    func salvaged() throws {
        let made = try LedgerFixture()
        let (ledger, clips, stage, shard) = try made.filled(3000)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        try ledger.commit(batch)
        try ledger.put(StageFrontEnd(stage: stage, rate: 16_000, hop: 1, chunkHop: 8000, settings: "thesettings"))
        try ledger.close()
        // A page of results: the one with a clip from the middle.
        var bytes = try made.bytes()
        let place = try #require(bytes.firstRange(of: Array("digest1500".utf8)))
        let page = place.lowerBound / 4096 * 4096
        bytes.replaceSubrange(page..<page + 100, with: [UInt8](repeating: 0xA5, count: 100))
        try made.write(bytes)
        #expect(throws: LedgerError.self) {
            let damaged = try made.open()
            if try !damaged.verifyRows().structure.isEmpty { throw LedgerError(.corrupt, path: made.path, "structure") }
        }
        #expect(try Ledger.salvage(path: made.path).clips == 3000)
        let saved = try made.open()
        let found = try saved.verifyRows()
        #expect(found.structure.isEmpty && found.rows.isEmpty)
        let left = try results(saved, stage)
        #expect(left.count > 2500 && left.count < 3000 && left.first == clips.first && left.last == clips.last)
        #expect(try saved.clipIDs() == clips && saved.shards().map(\.id) == [shard])
        let counts = try saved.counts(for: LedgerFixture.pipeline([stage]))
        #expect(counts.done == left.count && counts.pending == 3000 - left.count)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: made.folder).allSatisfy { !$0.contains("salvaged") })
    }

    @Test("A ledger whose tables' own texts were changed is refused, not misread")
    func schema() throws {
        let made = try LedgerFixture()
        do {
            let (ledger, _, _, _) = try made.filled(2)
            try ledger.close()
        }
        #expect(try made.replace(Array("id INTEGER PRIMARY".utf8), by: Array("id INTEGER PRILARY".utf8)) > 0)
        #expect(throws: LedgerError.self) { try made.open() }
        #expect(throws: LedgerError.self) { try Ledger.reading(path: made.path) }
    }

    @Test("A clip that was done after a death is no suspect any more")
    func survived() throws {
        let made = try LedgerFixture()
        let (ledger, clips, _, _) = try made.filled(2)
        try ledger.noteDeaths(of: clips)
        var batch = CommitBatch(target: "target")
        batch.done = [clips[0]]
        try ledger.commit(batch)
        #expect(try ledger.clips(withDeaths: 1) == [clips[1]])
    }
}
