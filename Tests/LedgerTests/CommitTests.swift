import Foundation
import Ledger
import Testing

/// What is recorded stands, all of a batch or nothing, and the counts add up.
@Suite struct CommitTests {
    @Test("A new ledger is empty, and opening it again keeps what was put in")
    func schema() throws {
        let fixture = try LedgerFixture()
        do {
            let ledger = try fixture.open()
            #expect(try ledger.clipIDs().isEmpty && ledger.stages().isEmpty && ledger.shards().isEmpty)
            #expect(try ledger.pipelines().isEmpty && ledger.lastRun() == nil && ledger.failures().isEmpty)
            #expect(try ledger.stageID(fingerprint: "f", kind: "mel", classes: "") == 1)
            try ledger.put(LedgerFixture.pipeline([1]))
            try ledger.close()
        }
        let ledger = try fixture.open()
        #expect(try ledger.stageID(fingerprint: "f", kind: "mel", classes: "") == 1)
        #expect(try ledger.stageID(fingerprint: "g", kind: "scores", classes: "[\"a\"]") == 2)
        #expect(try ledger.knownStageID(fingerprint: "h") == nil)
        #expect(try ledger.pipelines() == [LedgerFixture.pipeline([1])])
        let (structure, rows) = try ledger.verifyRows()
        #expect(structure.isEmpty && rows.isEmpty)
    }

    @Test("A manifest's clips keep their ids; those it no longer names keep their results and leave the counts")
    func manifests() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(4)
        #expect(clips.count == 4 && Set(clips).count == 4)
        var batch = CommitBatch(target: "target")
        batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
        batch.sources = clips.map(LedgerFixture.source)
        try ledger.commit(batch)
        let names = ["clip3", "new", "clip1"]
        try ledger.adopt(manifest: "other", count: 3) { .init(names[$0], "/elsewhere/\($0).wav") }
        var seen: [ClipRecord] = []
        try ledger.forEachClip { seen.append($0) }
        #expect(seen.map(\.name) == names && seen.map(\.position) == [0, 1, 2])
        #expect(seen[0].id == clips[3] && seen[2].id == clips[1] && seen[0].path == "/elsewhere/0.wav")
        let counts = try ledger.counts(for: LedgerFixture.pipeline([stage]))
        #expect(counts == Parts(3, done: 2, failed: 0) && counts.pending == 1)
        #expect(try ledger.result(clip: clips[0], stage: stage) != nil)
        #expect(try ledger.verifyRows().rows.isEmpty)
        // The digest of last time and the same clips: nothing is written. Other clips under that digest are adopted.
        let changes = try fixture.bytes()
        try ledger.adopt(manifest: "other", count: 3) { .init(names[$0], "/elsewhere/\($0).wav") }
        #expect(try fixture.bytes() == changes)
        for (odd, path) in [("clip3", "/moved.wav"), ("renamed", "/elsewhere/0.wav")] {
            try ledger.adopt(manifest: "other", count: 3) {
                $0 == 0 ? .init(odd, path) : .init(names[$0], "/elsewhere/\($0).wav")
            }
            var first: ClipRecord?
            try ledger.forEachClip { if $0.position == 0 { first = $0 } }
            #expect(first?.name == odd && first?.path == path)
        }
        try ledger.adopt(manifest: "other", count: 2) { .init(names[$0], "/elsewhere/\($0).wav") }
        #expect(try ledger.clipIDs().count == 2)
    }

    @Test("Each commit is seen whole by another reader; a name twice is one clip")
    func atomicity() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(3)
        let reader = try Ledger.reading(path: fixture.path)
        for round in 0..<3 {
            var batch = CommitBatch(target: "target")
            batch.results = [LedgerFixture.result(clips[round], stage, shard: shard, first: Int64(round) * 10)]
            batch.sources = [LedgerFixture.source(clips[round])]
            batch.failures = [LedgerFixture.failure(clips[round], target: "another")]
            try ledger.commit(batch)
            #expect(try reader.counts(for: LedgerFixture.pipeline([stage])).done == round + 1)
            #expect(try reader.failures(target: "another").count == round + 1)
        }
        // A name that comes twice takes its last place: there is one clip of it, and its row is sound.
        try ledger.adopt(manifest: "twice", count: 4) { .init("same", "/\($0).wav") }
        #expect(try reader.clipIDs().count == 1)
        #expect(try ledger.verifyRows().rows.isEmpty)
    }

    @Test("One statement's results are seen at once: a reader's picture does not move while a writer goes on")
    func consistency() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, stage, shard) = try fixture.filled(2)
        let reader = try Ledger.reading(path: fixture.path)
        let pipeline = LedgerFixture.pipeline([stage])
        try reader.consistently {
            #expect(try reader.counts(for: pipeline).done == 0)
            var batch = CommitBatch(target: "target")
            batch.results = clips.map { LedgerFixture.result($0, stage, shard: shard, first: $0 * 10) }
            batch.sources = clips.map(LedgerFixture.source)
            try ledger.commit(batch)
            #expect(try reader.counts(for: pipeline).done == 0)
        }
        #expect(try reader.counts(for: pipeline).done == 2)
    }

    @Test("A clip is done when every stage has rows made of the file as it was last read")
    func counts() throws {
        let fixture = try LedgerFixture()
        let (ledger, clips, mel, shard) = try fixture.filled(5)
        let raw = try ledger.stageID(fingerprint: "raw", kind: "raw", classes: "")
        let pipeline = LedgerFixture.pipeline([mel, raw])
        var batch = CommitBatch(target: "target")
        batch.sources = clips.map(LedgerFixture.source)
        // 0: both stages; 1: one stage; 2: both, one of them of an older file; 3: failed; 4: failed, later done.
        for clip in [0, 2, 4] {
            batch.results.append(LedgerFixture.result(clips[clip], mel, shard: shard, first: clips[clip] * 10))
        }
        for clip in [0, 1, 4] {
            batch.results.append(LedgerFixture.result(clips[clip], raw, shard: shard, first: clips[clip] * 10))
        }
        batch.results.append(
            ResultRecord(
                clip: clips[2], stage: raw, content: "older", shard: shard, firstRow: 0, rowCount: 1, digest: "d"))
        batch.failures = [LedgerFixture.failure(clips[3]), LedgerFixture.failure(clips[4])]
        try ledger.commit(batch)
        let counts = try ledger.counts(for: pipeline)
        #expect(counts == Parts(5, done: 2, failed: 1) && counts.pending == 2)
        // Another pipeline's failures are not this one's.
        #expect(try ledger.counts(for: LedgerFixture.pipeline([mel, raw], target: "other")).failed == 0)
        try ledger.deleteResults([(clips[0], mel)])
        #expect(try ledger.counts(for: pipeline) == Parts(5, done: 1, failed: 1))
    }

    @Test("Runs begin, end, and the last one is told")
    func runs() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let first = try ledger.beginRun(pipeline: "p", workers: 2)
        #expect(try ledger.lastRun()?.outcome == nil && ledger.lastRun()?.workers == 2)
        try ledger.finishRun(id: first, outcome: "complete", done: 7, failed: 1)
        let run = try #require(try ledger.lastRun())
        #expect(run.id == first && run.outcome == "complete" && run.done == 7 && run.failed == 1)
        #expect(run.finished.map { $0 >= run.started } == true)
        let second = try ledger.beginRun(pipeline: "q", workers: 1)
        #expect(try ledger.lastRun()?.id == second && ledger.lastRun()?.finished == nil)
    }
}

extension ClipCounts {
    /// Parts compared by value: the record's own initializer is the ledger's alone.
    static func == (counts: ClipCounts, parts: Parts) -> Bool {
        counts.clips == parts.clips && counts.done == parts.done && counts.failed == parts.failed
    }
}

struct Parts {
    let clips: Int
    let done: Int
    let failed: Int

    init(_ clips: Int, done: Int, failed: Int) {
        self.clips = clips
        self.done = done
        self.failed = failed
    }
}
