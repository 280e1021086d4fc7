import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Shards
import Stages
import TestSupport
import Testing

/// Merging parts whose ledgers were written without decoding anything: many clips in many parts.
@Suite struct PartMergeTests {
    private let pipeline: LoadedPipeline
    private let temporary: TemporaryFolder
    private let cache: CacheFolder

    init() throws {
        pipeline = try PartPlanTests.pipeline()
        temporary = try TemporaryFolder()
        cache = CacheFolder(folder: temporary.path + "/cache")
    }

    private func manifest(_ clips: Int) throws -> Manifest {
        var bytes = Array("clip,path\n".utf8)
        for clip in 0..<clips { bytes += Array("clip \(clip),/archive/\(clip % 1000)/\(clip).wav\n".utf8) }
        return try Manifest(bytes: bytes, file: "m.csv", folder: "/archive")
    }

    private func plan(_ manifest: Manifest, parts: Int) throws -> PartPlan {
        let seconds = (0..<manifest.count).map { Double($0 % 977) }
        let plan = PartPlan(
            job: PartPlan.Job(pipeline.graph, manifest, parts: parts),
            partOfClip: PartBalance.assign(seconds, parts: parts), seconds: seconds, lengths: .init())
        try plan.write(PartFolder(cache).planPath)
        return plan
    }

    /// Writes the cache of a part as a run would leave it: one shard for each stage, a row for each clip. Every 100th clip of
    /// the manifest has failed.
    private func fill(
        _ part: Int, _ plan: PartPlan, _ manifest: Manifest, digest: String = "fedcba9876543210fedcba9876543210",
        lacking: Int = 0
    ) throws {
        let own = PartFolder(cache).part(part, of: plan.job.parts)
        try own.make()
        var state = PartState(plan: plan, part: part)
        state.phase = .done
        try state.write(own)
        let rows = plan.rows(of: part)
        let ledger = try Ledger(path: own.ledgerPath)
        defer { try? ledger.close() }
        try ledger.adopt(manifest: "part", count: rows.count) {
            .init(manifest.clip(rows[$0]), manifest.path(rows[$0]))
        }
        let ids = try ledger.clipIDs()
        let graph = pipeline.graph
        var batch = CommitBatch(targets: graph.failureTargets.map(\.hex))
        var stages: [Int64] = []
        let run = try ledger.beginRun(pipeline: graph.name, workers: 1)
        var sealed: [(id: Int64, bytes: Int)] = []
        for node in graph.nodes where pipeline.kept(by: node) != nil {
            let stage = try ledger.stageID(fingerprint: node.fingerprint.hex, kind: "mel", classes: "")
            if let told = try pipeline.stageFrontEnd(of: node, id: stage) { try ledger.put(told) }
            stages.append(stage)
            let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 1) {
                "shards/mel-\(PartFolder.tag(part: part, plan: plan))-00000\($0).npy"
            }
            let bytes = NumpyHeader.size + 4 * rows.count
            let file = own.folder + "/" + shard.path
            try FileSystem.write(file) {
                try $0(NumpyHeader(dtype: .float32, rows: rows.count, columns: 1).bytes[...])
                try $0([UInt8](repeating: 0, count: 4 * rows.count)[...])
            }
            sealed.append((shard.id, bytes))
            for (place, row) in rows.enumerated().dropLast(lacking) where row % 100 != 99 {
                batch.results.append(
                    ResultRecord(
                        clip: ids[place], stage: stage, content: "0123456789abcdef0123456789abcdef", shard: shard.id,
                        firstRow: Int64(place), rowCount: 1, digest: digest, samples: 16_000))
            }
        }
        for (place, row) in rows.enumerated().dropLast(lacking) {
            if row % 100 == 99 {
                batch.failures.append(
                    FailureRecord(
                        clip: ids[place], target: batch.targets[0], failureClass: .truncated, reason: "cut", offset: 3,
                        size: 7, modified: 8))
            } else {
                batch.sources.append(
                    SourceRecord(
                        clip: ids[place], size: 32_044, modified: Int64(row),
                        content: "0123456789abcdef0123456789abcdef", frames: 16_000, rate: 16_000))
                batch.done.append(ids[place])
            }
        }
        try ledger.commit(batch)
        for shard in sealed { try ledger.markSealed(id: shard.id, rows: rows.count, bytes: shard.bytes, digest: "d") }
        try ledger.finishRun(
            id: run, outcome: "complete", done: batch.done.count, failed: batch.failures.count, audio: 1)
        try ledger.put(
            PipelineRecord(
                name: graph.name, fingerprint: graph.fingerprint.hex, stages: stages.sorted(), file: graph.file,
                updated: 1000 + Double(part), targets: batch.targets))
    }

    /// `PARTSxCLIPS`, such as 256x1000000, which takes minutes; seconds and peak memory of the merge are printed then.
    private static let asked = (ProcessInfo.processInfo.environment["EARMARK_MERGE_SCALE"] ?? "").split(separator: "x")
        .compactMap { Int($0) }

    @Test("Many parts become one cache with every clip in its place")
    func scale() throws {
        let (parts, clips) = Self.asked.count == 2 ? (Self.asked[0], Self.asked[1]) : (12, 700)
        let manifest = try manifest(clips)
        let plan = try plan(manifest, parts: parts)
        for part in 0..<parts { try fill(part, plan, manifest) }
        let before = Self.peak()
        let watch = Stopwatch()
        let report = try #require(
            try PartMerger(pipeline, manifest, cache: cache, parts: parts).run(allowsMissing: false))
        if Self.asked.count == 2 {
            print(
                "merge of \(parts) parts, \(clips) clips: \(watch.seconds) s, peak \(Self.peak()) kB, before \(before) kB"
            )
        }
        let failed = clips / 100
        #expect(report.hasMerged && report.holes.isEmpty && report.parts == parts)
        #expect(report.counts == nil || report.counts?.done == clips - failed && report.counts?.failed == failed)
        let ledger = try cache.reading()
        var place = 0
        var isInOrder = true
        try ledger.forEachClip { clip in
            isInOrder = isInOrder && clip.name == "clip \(place)" && clip.position == Int64(place)
            place += 1
        }
        #expect(isInOrder && place == clips)
        // Each result lies in its own part's shard, at its own place.
        let shards = Dictionary(uniqueKeysWithValues: try ledger.shards().map { ($0.id, $0.path) })
        let rows = plan.rowsOfParts()
        let ids = try ledger.clipIDs()
        let rowOfID = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
        var count = 0
        var wrong = 0
        try ledger.forEachResult { result in
            count += 1
            let row = try #require(rowOfID[result.clip])
            let part = Int(plan.partOfClip[row])
            let isThere = shards[result.shard]?.contains("-p\(part)of") == true
            if !isThere || rows[part][Int(result.firstRow)] != Int32(row) { wrong += 1 }
        }
        #expect(wrong == 0 && count == (clips - failed) * (shards.count / parts))
        #expect(try PartPlan.read(PartFolder(cache).planPath)?.isFinished == true)
        #expect(FileSystem.names(in: PartFolder(cache).path) == ["plan.json"])
        #expect(report.taken.results == count && report.taken.shards == shards.count && report.taken.runs == parts)
    }

    private static func peak() -> Int {
        let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("VmHWM") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

    @Test("A clip that the plan gives another part, or a clip too few, is refused and nothing is changed")
    func foreign() throws {
        let manifest = try manifest(60)
        let plan = try plan(manifest, parts: 3)
        for part in 0..<3 { try fill(part, plan, manifest) }
        // Part 1 in the place of part 2, which says of itself that it is part 2.
        let folder = PartFolder(cache)
        let (one, two) = (folder.part(1, of: 3), folder.part(2, of: 3))
        let state = try #require(try PartState.read(two))
        try FileSystem.remove(two.folder)
        try FileManager.default.copyItem(atPath: one.folder, toPath: two.folder)
        try state.write(two)
        let said = message {
            _ = try PartMerger(pipeline, manifest, cache: cache, parts: 3).run(allowsMissing: true)
        }
        #expect(said?.contains("as in the plan") == true, "\(said ?? "")")
        #expect(FileSystem.names(in: cache.folder + "/shards").isEmpty)
        #expect((0..<3).allSatisfy { FileSystem.exists(folder.part($0, of: 3).ledgerPath) })
    }

    @Test(
        "A part's ledger that is cut or changed at any place is refused and nothing is taken over, or nothing is lost")
    func damagedLedger() throws {
        let manifest = try manifest(60)
        let plan = try plan(manifest, parts: 3)
        for part in 0..<3 { try fill(part, plan, manifest) }
        let saved = temporary.path + "/saved"
        try FileManager.default.copyItem(atPath: cache.folder, toPath: saved)
        // The last part: the others would be taken over by then if the merge did not look at all of them first.
        let ledger = PartFolder(cache).part(2, of: 3).ledgerPath
        let bytes = try FileSystem.read(ledger)
        var refused = 0
        var places: [(place: Int, isCut: Bool)] = stride(from: 0, to: bytes.count, by: 4097).map { ($0, true) }
        places += stride(from: 31, to: bytes.count, by: 1013).map { ($0, false) }
        for (place, isCut) in places {
            try FileSystem.remove(cache.folder)
            try FileManager.default.copyItem(atPath: saved, toPath: cache.folder)
            var other = bytes
            if isCut { other.removeSubrange(place...) } else { other[place] ^= 0x15 }
            try FileSystem.replace(ledger) { try $0(other[...]) }
            do {
                let report = try PartMerger(pipeline, manifest, cache: cache, parts: 3).run(allowsMissing: false)
                if report?.hasMerged == true {
                    #expect(
                        report?.taken.results == 60 * (pipeline.graph.nodes.count { pipeline.kept(by: $0) != nil }),
                        "\(place)")
                }
            } catch {
                refused += 1
                let known = try cache.reading()
                #expect(
                    try known.shards().isEmpty && FileSystem.names(in: cache.folder + "/shards").isEmpty, "\(place)")
                #expect((0..<3).allSatisfy { FileSystem.exists(PartFolder(cache).part($0, of: 3).folder) })
            }
        }
        #expect(refused > places.count / 10)
    }

    @Test("A part that was taken over by a merge that was killed, and is done anew before the next one")
    func anew() throws {
        let manifest = try manifest(60)
        let plan = try plan(manifest, parts: 3)
        for part in 0..<3 { try fill(part, plan, manifest) }
        let (_, ids) = try takeOverFirst(plan, manifest)
        let before = try Self.digests(cache, ids)
        #expect(before.count == 20 && Set(before.values) == ["fedcba9876543210fedcba9876543210"])
        // Done anew, with a part of its clips alone: what the old shard held is gone, whatever the ledger said.
        let own = PartFolder(cache).part(0, of: 3)
        try FileSystem.remove(own.folder)
        try fill(0, plan, manifest, digest: "00000000000000000000000000000001", lacking: 5)
        let report = try PartMerger(pipeline, manifest, cache: cache, parts: 3).run(allowsMissing: true)
        #expect(report?.hasMerged == true)
        let after = try Self.digests(cache, ids)
        #expect(after.count == 15 && Set(after.values) == ["00000000000000000000000000000001"], "\(after)")
        let ledger = try cache.reading()
        #expect(try ledger.strayRows().isEmpty)
        for shard in try ledger.shards() {
            #expect(FileSystem.status(cache.folder + "/" + shard.path).map { Int64($0.st_size) } == shard.bytes)
        }
    }

    /// As a merge that was killed after its first part leaves the cache.
    private func takeOverFirst(_ plan: PartPlan, _ manifest: Manifest) throws -> (ShardRecord?, Set<Int64>) {
        let stop = StopSignal()
        let merger = try PartMerger(pipeline, manifest, cache: cache, parts: 3, together: 1)
        let report = try merger.run(allowsMissing: false, stop: stop) { _ in stop.raise() }
        #expect(report == nil)
        let ledger = try cache.reading()
        #expect(try ledger.isTakingOver())
        let all = try ledger.clipIDs()
        return (try ledger.shards().first, Set(plan.rows(of: 0).map { all[$0] }))
    }

    private static func digests(_ cache: CacheFolder, _ ids: Set<Int64>) throws -> [Int64: String] {
        var found: [Int64: String] = [:]
        try cache.reading().forEachResult { if ids.contains($0.clip) { found[$0.clip] = $0.digest } }
        return found
    }

    @Test("However many parts are taken over together, the merged cache is the same")
    func together() throws {
        let manifest = try manifest(300)
        var merged: [[String]] = []
        for together in [1, 2, 3, 128] {
            try? FileSystem.remove(cache.folder)
            let plan = try plan(manifest, parts: 5)
            for part in 0..<5 { try fill(part, plan, manifest) }
            let report = try PartMerger(pipeline, manifest, cache: cache, parts: 5, together: together)
                .run(allowsMissing: false)
            #expect(report?.hasMerged == true)
            let ledger = try cache.reading()
            var rows: [String] = []
            try ledger.forEachResult { rows.append("\($0)") }
            try ledger.forEachSource { rows.append("\($0)") }
            rows += try ledger.failures().map { "\($0)" } + ledger.shards().map { "\($0)" }
            rows.append(String(decoding: try FileSystem.read(cache.indexPath), as: UTF8.self))
            merged.append(rows)
            #expect(try ledger.strayRows().isEmpty && ledger.verifyRows().rows.isEmpty)
        }
        #expect(merged[0].count > 600 && merged.allSatisfy { $0 == merged[0] })
    }

    @Test("A part from the future is refused")
    func clocks() throws {
        let manifest = try manifest(60)
        let plan = try plan(manifest, parts: 3)
        for part in 0..<3 { try fill(part, plan, manifest) }
        let path = PartFolder(cache).part(1, of: 3).folder + "/part.json"
        let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.contains(#""written""#) })
        let late = #"  "written" : \#(ClockCheck.now + 7200)"#
        try FileSystem.replace(path) { try $0(Array(text.replacing(line, with: late).utf8)[...]) }
        let said = message { _ = try PartMerger(pipeline, manifest, cache: cache, parts: 3).run(allowsMissing: true) }
        #expect(said?.contains("part 1 was computed on") == true && said?.contains("ahead of") == true, "\(said ?? "")")
        #expect(FileSystem.names(in: cache.folder + "/shards").isEmpty)
    }

    @Test("A file system without hard links renames the shards; a merge that ended before its transaction goes on")
    func renamed() throws {
        let manifest = try manifest(60)
        let plan = try plan(manifest, parts: 3)
        for part in 0..<3 { try fill(part, plan, manifest) }
        // As if the shards of part 1 had been renamed, and the process killed.
        try cache.make()
        let own = PartFolder(cache).part(1, of: 3)
        for name in FileSystem.names(in: own.folder + "/shards") {
            #expect(rename(own.folder + "/shards/" + name, cache.folder + "/shards/" + name) == 0)
        }
        let report = try PartMerger(pipeline, manifest, cache: cache, parts: 3).run(allowsMissing: false)
        #expect(report?.hasMerged == true && report?.holes.isEmpty == true)
        let ledger = try cache.reading()
        for shard in try ledger.shards() { #expect(FileSystem.isFile(cache.folder + "/" + shard.path)) }
    }
}
