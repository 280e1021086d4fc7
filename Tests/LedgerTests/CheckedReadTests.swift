import Foundation
import Ledger
import Testing

/// Whoever reads a row holds it against its check: what was written comes out, or an error that names table and key.
@Suite struct CheckedReadTests {
    /// Everything that the ledger hands out, as text by the name of what was asked.
    private func readings(_ ledger: Ledger) -> [String: Result<String, any Error>] {
        func lines(_ body: ((Any) -> Void) throws -> Void) -> Result<String, any Error> {
            Result {
                var text = ""
                try body { text += "\($0)\n" }
                return text
            }
        }
        return [
            "clips": lines { put in try ledger.forEachClip { put($0) } },
            "known": lines { put in try ledger.forEachKnownClip { put(($0, $1)) } },
            "name": lines { put in put(try ledger.name(of: 2) ?? "none") },
            "sources": lines { put in try ledger.forEachSource { put($0) } },
            "results": lines { put in try ledger.forEachResult { put($0) } },
            "stage": lines { put in try ledger.forEachResult(stage: 1) { put($0) } },
            "shard rows": lines { put in try ledger.forEachResult(shard: 1) { put($0) } },
            "current": lines { put in try ledger.forEachCurrentResult(stages: [1]) { put(($0, $1)) } },
            "result": lines { put in put(try ledger.result(clip: 2, stage: 1) as Any) },
            "committed": lines { put in put(try ledger.committedRows(shard: 1)) },
            "shards": lines { put in try ledger.shards().forEach(put) },
            "shard": lines { put in put(try ledger.shard(id: 1) as Any) },
            "stages": lines { put in try ledger.stages().forEach(put) },
            "known stage": lines { put in put(try ledger.knownStageID(fingerprint: "thestage") as Any) },
            "pipelines": lines { put in try ledger.pipelines().forEach(put) },
            "front-ends": lines { put in try ledger.frontEnds().values.forEach(put) },
            "models": lines { put in try ledger.models().forEach(put) },
            "failures": lines { put in try ledger.failures().forEach(put) },
            "run": lines { put in put(try ledger.lastRun() as Any) },
            "deaths": lines { put in put(try ledger.clips(withDeaths: 1)) },
            "meta": lines { put in put(try ledger.meta("manifest") as Any) },
        ]
    }

    @Test("Every bit of every row's page: never another value")
    func bits() throws {
        let fixture = try LedgerFixture()
        let ledger = try Ledger(path: fixture.path, pageSize: 512)
        try ledger.adopt(manifest: "m4", count: 4) { .init("clip\($0)", "/audio/path\($0).wav") }
        let stage = try ledger.stageID(fingerprint: "thestage", kind: "mel", classes: "")
        let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        var batch = CommitBatch(target: "target")
        let clips = try ledger.clipIDs()
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard.id, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        batch.failures = [LedgerFixture.failure(clips[1], target: "other", reason: "thereason")]
        try ledger.commit(batch)
        try ledger.markSealed(id: shard.id, rows: 50, bytes: 12928, digest: "shardsdigest")
        try ledger.put(LedgerFixture.pipeline([stage]))
        try ledger.put(model: "sha256:thedigest", path: "/models/themodel")
        try ledger.put(StageFrontEnd(stage: stage, rate: 32_000, hop: 320, chunkHop: 160_000, settings: "thesettings"))
        try ledger.finishRun(
            id: try ledger.beginRun(pipeline: "p", workers: 1), outcome: "complete", done: 4, failed: 0)
        try ledger.noteDeaths(of: [clips[2]])
        let sound = readings(ledger).compactMapValues { try? $0.get() }
        #expect(sound.count == 21)
        try ledger.close()
        let whole = try fixture.bytes()
        var refusals = 0
        for byte in stride(from: 512, to: whole.count, by: 1) {
            // Every byte, by a bit that moves on, so that each bit of a number is met in some row.
            var bytes = whole
            bytes[byte] ^= 1 << UInt8(byte % 8)
            if (byte + byte / 512) % 2 > 0 || whole[byte] == 0 && byte % 3 > 0 { continue }
            try fixture.write(bytes)
            guard let damaged = try? Ledger.reading(path: fixture.path) else { continue }
            for (name, reading) in readings(damaged) {
                switch reading {
                case .success(let text):
                    let lines = Set(text.split(separator: "\n"))
                    // A row may be missing where a page's own bookkeeping is hit; the caller counts them.
                    let isKnown = lines.isSubset(
                        of: Set((sound[name] ?? "").split(separator: "\n") + ["nil", "[]", "0", "none"]))
                    // A clip's id is not under its check: as one that no other row knows, it is a clip of no results.
                    if name == "known", text.contains("clip3"),
                        !text.contains("(4,")
                    {
                        continue
                    }
                    let isFewer = name == "committed" && (Int(text.dropLast()) ?? .max) < 50
                    #expect(isKnown || isFewer, "bit \(byte % 8) of byte \(byte), \(name): \(text)")
                case .failure(let error):
                    refusals += 1
                    #expect((error as? LedgerError)?.kind == .corrupt, "byte \(byte), \(name): \(error)")
                }
            }
        }
        #expect(refusals > 500)
    }

    @Test("An error names the table, the key and the way out")
    func words() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(3)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        try ledger.commit(batch)
        try ledger.close()
        #expect(try fixture.replace(Array("digest2".utf8), by: Array("digest6".utf8)) == 1)
        let damaged = try fixture.open()
        #expect {
            try damaged.forEachResult { _ in }
        } throws: {
            "\($0)" == "\(fixture.path): row 2, 1 of results is not what was written; run 'earmark verify --repair'"
        }
    }

    @Test("Rows that fit no others are told and taken back: of no clip, no stage, no shard, and two in one place")
    func strays() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(6)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        try ledger.commit(batch)
        #expect(try ledger.strayRows().isEmpty)
        var odd = CommitBatch(target: "target")
        odd.results = [
            LedgerFixture.result(77, stage, shard: shard, first: 1000),
            LedgerFixture.result(clips[0], 9, shard: shard, first: 2000),
            LedgerFixture.result(clips[1], stage, shard: 8, first: 0),
            // One row into that of the clip before.
            LedgerFixture.result(clips[4], stage, shard: shard, first: clips[3] * 10 + 9),
        ]
        odd.sources = [LedgerFixture.source(78)]
        try ledger.put(StageFrontEnd(stage: 80, rate: 16_000, hop: 1, chunkHop: 8000, settings: ""))
        odd.failures = [LedgerFixture.failure(79)]
        try ledger.commit(odd)
        #expect(try ledger.verifyRows().rows.isEmpty)
        let strays = try ledger.strayRows()
        let found = Set(strays.map { "\($0.table) \($0.key)" })
        #expect(
            found == [
                "results 77, 1", "results 1, 9", "results 2, 1", "results 4, 1", "results 5, 1", "sources 78",
                "failures 79", "front_ends 80",
            ])
        #expect(strays.contains { $0.reason == "names shard 8, which is not there" })
        try ledger.repair(strays)
        #expect(try ledger.strayRows().isEmpty)
        var left: [Int64] = []
        try ledger.forEachResult(stage: stage) { left.append($0.clip) }
        #expect(left == [1, 3, 6])
    }

    @Test("Ids of rows that were lost are given to no other clip, stage or shard")
    func ids() throws {
        let fixture = try LedgerFixture()
        let (ledger, _, stage, shard) = try fixture.filled(2)
        var batch = CommitBatch(target: "target")
        batch.results = [LedgerFixture.result(40, 7, shard: 30)]
        try ledger.commit(batch)
        try ledger.adopt(manifest: "more", count: 3) { .init("clip\($0)", "/audio/path\($0).wav") }
        #expect(try ledger.clipIDs() == [1, 2, 41])
        #expect(try ledger.stageID(fingerprint: "new", kind: "mel", classes: "") == 8 && stage == 1)
        try ledger.raiseShardNumber()
        let next = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        #expect(next.id == 31 && shard == 1)
    }

    @Test("A text that is no longer UTF-8 is taken out by one repair, in a table without rowid as well")
    func invalidText() throws {
        for (text, table) in [("thetarget", "failures"), ("p.yaml", "pipelines"), ("thepath", "models")] {
            let fixture = try LedgerFixture()
            let (ledger, clips, stage, _) = try fixture.filled(3)
            var batch = CommitBatch(target: "thetarget")
            batch.failures = clips.map { LedgerFixture.failure($0, target: "thetarget") }
            try ledger.commit(batch)
            try ledger.put(LedgerFixture.pipeline([stage]))
            try ledger.put(model: "thepath", path: "/m")
            try ledger.close()
            var bytes = try fixture.bytes()
            let place = try #require(bytes.firstRange(of: Array(text.utf8)))
            bytes[place.lowerBound + 2] |= 0x80
            try fixture.write(bytes)
            let damaged = try fixture.open()
            let rows = try damaged.verifyRows().rows
            #expect(rows.map(\.table) == [table])
            try damaged.repair(rows)
            let left = try damaged.verifyRows()
            #expect(left.rows.isEmpty && left.structure.isEmpty, "\(table): \(left)")
        }
    }
}
