import Cache
import Files
import Foundation
import Ledger
import Results
import Shards
import Testing

/// The table of rows: what it has, what it leaves out, and that it hangs on no worker.
@Suite struct ShardIndexTests {
    private func clips(_ count: Int) throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for index in 0..<count {
            try fixture.addClip("clip \(index)", seconds: 0.4 + Double(index % 5) * 0.7, rate: 16000)
        }
        return fixture
    }

    private func rows(_ cache: CacheFolder, pipeline: String? = nil) throws -> [ShardIndex.Row] {
        var rows: [ShardIndex.Row] = []
        try ShardIndex.forEach(try cache.reading(), pipeline: pipeline) { rows.append($0) }
        return rows
    }

    @Test("With any number of workers all columns but shard and first are the same, in the same order")
    func workers() throws {
        let fixture = try clips(13)
        var all: [[String]] = []
        for workers in [1, 2, 4] {
            let cache = fixture.cache("c\(workers)")
            try fixture.run(cache: cache, workers: workers)
            all.append(try rows(cache).map { "\($0.clip),\($0.kind),\($0.count),\($0.stage),\($0.hop ?? 0)" })
            #expect(try ShardIndex.isCurrent(cache: cache, ledger: cache.reading()))
        }
        #expect(all[0].count == 26 && all[0] == all[1] && all[1] == all[2])
    }

    @Test("Two settings on one cache: both are in the table, told apart by stage and hop, one pipeline or all")
    func pipelines() throws {
        let fixture = try clips(3)
        try fixture.run(sets: ["chunk.overlap=0.5"])
        let only = try rows(fixture.cache())
        try fixture.run("label.yaml", sets: ["chunk.overlap=0.75"])
        let all = try rows(fixture.cache())
        #expect(
            Set(only.map { "\($0.clip) \($0.stage) \($0.first)" }).isSubset(
                of: all.map { "\($0.clip) \($0.stage) \($0.first)" }))
        let mel = all.filter { $0.kind == "mel" && $0.clip == "clip 1" }
        #expect(mel.count == 2 && Set(mel.map(\.stage)).count == 2 && Set(mel.map(\.hop)) == [4000, 8000])
        #expect(mel.allSatisfy { $0.stage.count == 12 })
        // No clip, kind and stage stands there twice.
        #expect(Set(all.map { "\($0.clip) \($0.kind) \($0.stage)" }).count == all.count)
        #expect(try rows(fixture.cache(), pipeline: "features").map(\.fields) == only.map(\.fields))
        let text = String(decoding: try FileSystem.read(fixture.cache().indexPath), as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "clip,kind,shard,first,count,stage,hop")
        #expect(lines.dropFirst().map { $0 } == all.map { $0.fields.joined(separator: ",") })
    }

    @Test("Rows of shards that are not sealed are left out and counted, and stand there once they are")
    func unsealed() throws {
        let fixture = try PipelineFixture()
        let cache = fixture.cache()
        try cache.make()
        let ledger = try Ledger(path: cache.ledgerPath)
        try ledger.adopt(manifest: "m", count: 3) { .init("clip \($0)", "/\($0).wav") }
        let stage = try ledger.stageID(fingerprint: "0123456789abcdef", kind: "mel", classes: "")
        let shards = try (0..<2).map { _ in
            try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/mel-\($0).npy" }.id
        }
        var batch = CommitBatch(target: "target")
        for (place, clip) in try ledger.clipIDs().enumerated() {
            batch.results.append(
                ResultRecord(
                    clip: clip, stage: stage, content: "c", shard: shards[place / 2], firstRow: Int64(place % 2) * 10,
                    rowCount: 10, digest: "d"))
            batch.sources.append(SourceRecord(clip: clip, size: 1, modified: 1, content: "c"))
        }
        try ledger.commit(batch)
        try ledger.put(PipelineRecord(name: "p", fingerprint: "f", stages: [stage], file: "p.yaml", updated: 1))
        try ledger.put(StageFrontEnd(stage: stage, rate: 16_000, hop: 160, chunkHop: 8000, settings: "{}"))
        let lines = ["0", "10"].enumerated().map { "clip \($0),mel,shards/mel-1.npy,\($1),10,0123456789ab,8000" }
        let path = cache.folder + "/shards/mel-1.npy"
        for isSealed in [false, true] {
            if isSealed {
                try ledger.markSealed(id: shards[0], rows: 20, bytes: 5248, digest: "d")
                try FileSystem.write(path) { try $0([UInt8](repeating: 0, count: 5248)[...]) }
            }
            try ShardIndex.write(cache: cache, ledger: ledger)
            let text = String(decoding: try FileSystem.read(cache.indexPath), as: UTF8.self)
            #expect(text.split(separator: "\n").dropFirst().map(String.init) == (isSealed ? lines : []))
            #expect(try Exporter(cache: cache, pipeline: nil).unsealed() == (isSealed ? 1 : 3))
            #expect(try ShardIndex.brokenShards(ledger).isEmpty)
        }
        // A file that is cut or gone holds no rows that can be read.
        for change in [{ truncate(path, 5000) }, { unlink(path) }] {
            #expect(change() == 0)
            try ShardIndex.write(cache: cache, ledger: ledger)
            let text = String(decoding: try FileSystem.read(cache.indexPath), as: UTF8.self)
            #expect(text.split(separator: "\n").count == 1)
            #expect(try ShardIndex.brokenShards(ledger) == ["shards/mel-1.npy"])
            #expect(try Exporter(cache: cache, pipeline: nil).brokenShards()?.contains("mel-1.npy") == true)
        }
    }

    @Test("Scores whose bytes are not what was written are not exported, and the shard is named")
    func damagedScores() throws {
        let fixture = try clips(3)
        try fixture.run("label.yaml")
        let cache = fixture.cache()
        let out = fixture.folder + "/scores.csv"
        #expect(try Exporter(cache: cache, pipeline: nil).scores(.csv, to: out) == 3)
        let record = try #require(try cache.reading().shards().first { $0.kind == "clip-scores" })
        let path = cache.folder + "/" + record.path
        var bytes = try FileSystem.read(path)
        bytes[NumpyHeader.size + 5] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let exporter = try Exporter(cache: cache, pipeline: nil)
        let error = #expect(throws: FileError.self) { try exporter.scores(.csv, to: out + "2") }
        #expect(error.map { "\($0)".contains(record.path) && "\($0)".contains("verify --repair") } == true)
        #expect(access(out + "2", F_OK) != 0)
    }

    @Test("A pipe in the place of a shard, or of the table: verify ends and names it, and a repair makes it good")
    func pipe() throws {
        let fixture = try clips(3)
        try fixture.run()
        let before = try fixture.digests()
        for name in [try #require(fixture.cache().reading().shards().first).path, "shards/index.csv"] {
            let path = fixture.cache().folder + "/" + name
            unlink(path)
            #expect(mkfifo(path, 0o644) == 0)
            let found = try Verifier(cache: fixture.cache()).run(repair: false)
            #expect(found.findings.contains { $0.what.contains(name) }, "\(found.findings.map(\.what))")
            _ = try Verifier(cache: fixture.cache()).run(repair: true)
            try fixture.run()
            #expect(try fixture.digests() == before)
            #expect(try Verifier(cache: fixture.cache()).run(repair: false).findings.isEmpty)
        }
    }
}
