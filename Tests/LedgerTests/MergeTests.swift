import Errors
import Foundation
import Ledger
import TestSupport
import Testing

/// Taking over what another ledger knows.
struct MergeTests {
    /// A ledger of a part: clips `clip3`, `clip4` ..., the last of them failed, in a sealed shard.
    private func part(_ folder: LedgerFixture, clips: Range<Int>, path: String) throws -> Ledger {
        let ledger = try folder.open()
        // Ids that are not those of the other ledger.
        try ledger.adopt(manifest: "old", count: 5) { .init("gone\($0)", "/gone") }
        _ = try ledger.stageID(fingerprint: "unused", kind: "raw", classes: "")
        try ledger.adopt(manifest: "m", count: clips.count) { .init("clip\(clips.lowerBound + $0)", "/p\($0)") }
        let stage = try ledger.stageID(fingerprint: "thestage", kind: "mel", classes: "")
        try ledger.put(StageFrontEnd(stage: stage, rate: 16_000, hop: 160, chunkHop: 8000, settings: "{}"))
        let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { _ in path }
        let ids = try ledger.clipIDs()
        let run = try ledger.beginRun(pipeline: "p", workers: 3)
        var batch = CommitBatch(target: "target")
        for (place, id) in ids.dropLast().enumerated() {
            batch.results.append(LedgerFixture.result(id, stage, shard: shard.id, first: Int64(10 * place)))
            batch.sources.append(
                SourceRecord(clip: id, size: 5, modified: 6, content: "content\(id)", frames: 160, rate: 16_000))
            batch.done.append(id)
        }
        if let last = ids.last {
            batch.failures.append(
                FailureRecord(
                    clip: last, target: "target", failureClass: .truncated, reason: "cut", offset: 3, size: 7,
                    modified: 8))
        }
        try ledger.commit(batch)
        try ledger.noteDeaths(of: [ids[0], ids[0]])
        try ledger.markSealed(id: shard.id, rows: 10 * (ids.count - 1), bytes: 1000, digest: "d")
        try ledger.finishRun(id: run, outcome: "complete", done: ids.count - 1, failed: 1, audio: 2)
        try ledger.put(LedgerFixture.pipeline([stage]))
        try ledger.put(model: "sha256:1", path: "/model")
        return ledger
    }

    private func clips(_ ledger: Ledger, _ other: Ledger) throws -> [Int64: Int64] {
        var names: [String: Int64] = [:]
        try ledger.forEachClip { names[$0.name] = $0.id }
        var map: [Int64: Int64] = [:]
        try other.forEachClip { map[$0.id] = names[$0.name] }
        return map
    }

    /// Everything that is told of clips, by name, whatever the ids.
    private func contents(_ ledger: Ledger) throws -> Set<String> {
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        let stages = Dictionary(uniqueKeysWithValues: try ledger.stages().map { ($0.id, $0.fingerprint) })
        let shards = Dictionary(uniqueKeysWithValues: try ledger.shards().map { ($0.id, $0.path) })
        var found: Set<String> = []
        try ledger.forEachResult {
            found.insert(
                "\(names[$0.clip] ?? "?") \(stages[$0.stage] ?? "?") \(shards[$0.shard] ?? "?") \($0.firstRow) \($0.digest)"
            )
        }
        try ledger.forEachSource { found.insert("\(names[$0.clip] ?? "?") \($0.size) \($0.content) \($0.frames ?? 0)") }
        for failure in try ledger.failures() {
            found.insert("\(names[failure.clip] ?? "?") \(failure.target) \(failure.reason) \(failure.attempts)")
        }
        return found
    }

    private func takeOver(_ part: Ledger, _ ledger: Ledger, mark: String) throws -> TakenOver {
        try ledger.takeOver([LedgerToTakeOver(part, clips: clips(ledger, part), mark: mark)])[0]
    }

    @Test(
        "Results, files, failures, deaths, runs, models, front-ends and pipelines come along, under this ledger's ids")
    func whole() throws {
        let folders = try (0..<3).map { _ in try LedgerFixture() }
        let parts = [
            try part(folders[1], clips: 0..<4, path: "shards/mel-p0-000001.npy"),
            try part(folders[2], clips: 4..<9, path: "shards/mel-p1-000001.npy"),
        ]
        let ledger = try folders[0].open()
        _ = try ledger.stageID(fingerprint: "other", kind: "scores", classes: "[]")
        // The places of the parts' clips are mixed.
        try ledger.adopt(manifest: "whole", count: 9) { .init("clip\(8 - $0)", "/p\($0)") }
        var expected: Set<String> = []
        for (number, part) in parts.enumerated() {
            expected.formUnion(try contents(part))
            let taken = try takeOver(part, ledger, mark: "\(number)")
            #expect(taken.shards == 1 && taken.failures == 1 && taken.runs == 1 && taken.results == 3 + number)
            #expect(try ledger.hasTakenOver("\(number)") && !ledger.hasTakenOver("\(number + 1)"))
            for pipeline in try ledger.pipelines(of: part) { try ledger.put(pipeline) }
        }
        #expect(try contents(ledger) == expected && expected.count == 16)
        let record = try #require(try ledger.pipelines().first)
        let counts = try ledger.counts(for: record)
        #expect(counts.clips == 9 && counts.done == 7 && counts.failed == 2)
        #expect(try ledger.frontEnds()[record.stages[0]]?.hop == 160)
        #expect(try ledger.models().map(\.digest) == ["sha256:1"] && ledger.allRuns().map(\.workers) == [3, 3])
        #expect(try ledger.clips(withDeaths: 2).count == 2)
        let (structure, rows) = try ledger.verifyRows()
        #expect(structure.isEmpty && rows.isEmpty)
        #expect(try ledger.strayRows().isEmpty)

        // Once more, as after a merge that was killed: nothing is there twice.
        for (number, part) in parts.enumerated() {
            #expect(try takeOver(part, ledger, mark: "\(number)").runs == 0)
        }
        #expect(try contents(ledger) == expected && ledger.allRuns().count == 2 && ledger.shards().count == 2)
        #expect(try ledger.clips(withDeaths: 3).isEmpty && ledger.strayRows().isEmpty)
        // What they came to is recorded once, as the last run.
        for _ in 0..<2 {
            try ledger.recordMerge(
                pipeline: "p", parts: 2, plan: "abc", done: 7, failed: 2,
                runs: ledger.allRuns().filter { $0.mergedParts == nil })
        }
        let last = try #require(try ledger.lastRun())
        #expect(try last.mergedParts == 2 && ledger.allRuns().count == 3)
        #expect(last.done == 7 && last.failed == 2 && last.audio == 4 && last.outcome == "complete")
        #expect(try ledger.verifyRows().rows.isEmpty)
        try ledger.recordMerge(
            pipeline: "p", parts: 1, plan: "next", done: 1, failed: 0, runs: Array(ledger.allRuns().prefix(1)))
        #expect(try ledger.lastRun()?.mergedParts == 1 && ledger.allRuns().count == 4)
        try ledger.forgetTakenOver()
        #expect(try !ledger.hasTakenOver("0"))
    }

    @Test(
        "A clip that failed here before and is done there has no failure any more; one that is not there keeps its own")
    func failures() throws {
        let folders = try (0..<2).map { _ in try LedgerFixture() }
        let part = try part(folders[1], clips: 0..<3, path: "shards/mel-p0-000001.npy")
        let ledger = try folders[0].open()
        try ledger.adopt(manifest: "whole", count: 4) { .init("clip\($0)", "/p") }
        let ids = try ledger.clipIDs()
        var batch = CommitBatch(target: "target")
        for (place, target) in [(0, "target"), (1, "another"), (2, "target"), (3, "target")] {
            batch.failures.append(
                FailureRecord(
                    clip: ids[place], target: target, failureClass: .empty, reason: "before", offset: nil, size: 1,
                    modified: 1))
        }
        try ledger.commit(batch)
        _ = try takeOver(part, ledger, mark: "0")
        let found = try ledger.failures().map { "\($0.clip - ids[0]) \($0.target) \($0.reason)" }
        #expect(found == ["1 another before", "2 target cut", "3 target before"])
    }

    @Test("An open shard is refused, and then nothing is taken over")
    func open() throws {
        let folders = try (0..<2).map { _ in try LedgerFixture() }
        let part = try part(folders[1], clips: 0..<3, path: "shards/a.npy")
        let stage = try part.stageID(fingerprint: "thestage", kind: "mel", classes: "")
        _ = try part.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { _ in "shards/b.npy" }
        let ledger = try folders[0].open()
        try ledger.adopt(manifest: "whole", count: 3) { .init("clip\($0)", "/p") }
        #expect(throws: LedgerError.self) { try takeOver(part, ledger, mark: "0") }
        #expect(try contents(ledger).isEmpty && ledger.shards().isEmpty && !ledger.hasTakenOver("0"))
    }

    @Test("Judgements of other stores keep their sense under new numbers, and come only once")
    func judgements() throws {
        let folder = try TemporaryFolder()
        func subject(_ clip: String) -> Judgement.Subject {
            Judgement.Subject(
                clip: clip, content: "c", label: "Dog", start: 1, end: 2, score: 0.5, peak: 0.6, threshold: 0.4,
                stage: "s")
        }
        let (own, first, second) = (
            JudgementStore(path: folder.path + "/own"), JudgementStore(path: folder.path + "/first"),
            JudgementStore(path: folder.path + "/second")
        )
        _ = try own.add(subject("mine"), .accept, reviewer: "Ann", time: "t0")
        _ = try first.add(subject("a"), .accept, reviewer: "Ann", time: "t1")
        let undone = try first.add(subject("b"), .reject, reviewer: "Ann", time: "t2")
        try first.undo(undone.id, reviewer: "Ann", time: "t3")
        _ = try second.add(
            subject("c"), .accept, correction: .init(label: "Cat", start: 1.5), reviewer: "Ben", time: "t4")
        for _ in 0..<2 {
            for store in [first, second] { try own.takeOver(store.contents().rows) }
        }
        let contents = try own.contents()
        #expect(contents.damage.isEmpty && contents.rows.map(\.id) == [1, 2, 3, 4, 5])
        #expect(contents.rows[3] == .undo(id: 4, of: 3, reviewer: "Ann", time: "t3"))
        let history = JudgementHistory(contents.rows)
        #expect(history.all.map(\.subject.clip) == ["mine", "a", "c"])
        #expect(history.all.last?.correction == .init(label: "Cat", start: 1.5))
        #expect(try own.takeOver([]) == 0)
    }
}
