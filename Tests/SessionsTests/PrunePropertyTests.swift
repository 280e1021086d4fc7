import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Shards
import Testing

/// Pruning after any sequence of runs leaves just what is needed, found anew in the plainest way.
@Suite struct PrunePropertyTests {
    /// Numbers that are the same in every run of the tests.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    private struct Kept: Hashable {
        let clip: String
        let stage: Int64
        let digest: String
    }

    /// Every result that some pipeline needs of a clip of the last manifest, by three readings of whole tables.
    private func needed(_ ledger: Ledger, dropping: String? = nil) throws -> Set<Kept> {
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        var contents: [Int64: String] = [:]
        try ledger.forEachSource { contents[$0.clip] = $0.content }
        let stages = Set(try ledger.pipelines().filter { $0.name != dropping }.flatMap(\.stages))
        var found: Set<Kept> = []
        try ledger.forEachResult { result in
            guard let name = names[result.clip], stages.contains(result.stage), contents[result.clip] == result.content
            else { return }
            found.insert(Kept(clip: name, stage: result.stage, digest: result.digest))
        }
        return found
    }

    private func all(_ ledger: Ledger) throws -> Set<Kept> {
        var found: Set<Kept> = []
        try ledger.forEachResult { result in
            found.insert(
                Kept(clip: try ledger.name(of: result.clip) ?? "?", stage: result.stage, digest: result.digest))
        }
        return found
    }

    private func idleShares(_ ledger: Ledger) throws -> [Double] {
        try ledger.shards().map { shard in
            var used: Int64 = 0
            try ledger.forEachResult(shard: shard.id) { used += $0.rowCount }
            return 1 - Double(used) / Double(shard.rows)
        }
    }

    private func diskBytes(_ cache: CacheFolder) throws -> Int64 {
        let folder = cache.folder + "/shards"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(".npy") }.reduce(0) {
            $0 + Int64((try FileManager.default.attributesOfItem(atPath: folder + "/" + $1)[.size] as? Int) ?? 0)
        }
    }

    @Test("Runs with other settings, manifests and files, and prunes between them", arguments: 1...6)
    func sequences(seed: UInt64) throws {
        var numbers = Numbers(state: seed)
        let fixture = try PipelineFixture()
        let cache = fixture.cache()
        for number in 0..<8 {
            try fixture.addClip("clip \(number)", seconds: 0.4 + Double(number % 3) * 0.5, rate: 16_000)
        }
        let rows = fixture.rows
        var freed: Int64 = 0
        let (shares, overlaps): ([Double], [Double]) = ([0, 0.2, 0.5, 1], [0, 0.5, 0.75])
        for _ in 0..<4 {
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                fixture.keep(rows.filter { _ in Int.random(in: 0..<4, using: &numbers) > 0 } + [rows[0]])
                if Bool.random(using: &numbers) {
                    // Another recording under the same name.
                    let path = fixture.folder + "/clip 0.wav"
                    var bytes = try FileSystem.read(path)
                    bytes[200 + Int.random(in: 0..<1000, using: &numbers)] ^= 0x11
                    try FileSystem.write(path) { try $0(bytes[...]) }
                }
                try fixture.run(
                    ["features.yaml", "fsd50k-features.yaml"].randomElement(using: &numbers) ?? "",
                    sets: ["chunk.overlap=\(overlaps.randomElement(using: &numbers) ?? 0)"],
                    workers: Int.random(in: 1...3, using: &numbers))
            }
            let share = shares.randomElement(using: &numbers) ?? 0
            let reading = try cache.reading()
            let expected = try needed(reading)
            let before = try diskBytes(cache)
            let pruner = try CachePruner(cache: cache)
            let plan = try pruner.plan(dropping: [], share: share) { _ in false }
            let report = try pruner.run(plan, dropping: [], models: nil) { false }
            try pruner.close()
            #expect(report.notes.isEmpty && !report.wasInterrupted && report.uncopied == 0)
            let ledger = try cache.reading()
            #expect(try all(ledger) == expected && needed(ledger) == expected)
            #expect(try before - diskBytes(cache) == plan.bytes)
            #expect(try idleShares(ledger).allSatisfy { share == 0 ? $0 == 0 : $0 < share || $0 == 0 }, "\(share)")
            let found = try Verifier(cache: cache).run(repair: false)
            #expect(found.findings.isEmpty, "\(found.findings)")
            #expect(try ShardIndex.isCurrent(cache: cache, ledger: ledger))
            var clips = 0
            try ledger.forEachKnownClip { _, _ in clips += 1 }
            #expect(try clips == ledger.clipIDs().count)
            // Nothing is left for a second one.
            let again = try PrunePlan(
                cache: cache, ledger: ledger, dropping: [], share: share, looksForStrays: true, names: { _ in false })
            #expect(again.isEmpty)
            freed += plan.bytes
        }
        #expect(freed > 0)
    }

    @Test("A prune that is asked to stop leaves a sound cache, and the next one goes on to the same end")
    func interrupted() throws {
        let fixture = try PipelineFixture()
        for number in 0..<6 { try fixture.addClip("clip \(number)", seconds: 0.6, rate: 16_000) }
        for overlap in [0, 0.75, 0.5] { try fixture.run(sets: ["chunk.overlap=\(overlap)"], workers: 1) }
        fixture.keep(Array(fixture.rows.prefix(3)))
        try fixture.run(workers: 1)
        let cache = fixture.cache()
        let expected = try needed(cache.reading())
        var rounds = 0
        while true {
            let pruner = try CachePruner(cache: cache)
            let plan = try pruner.plan(dropping: [], share: 0.2) { _ in false }
            if plan.isEmpty { break }
            var looks = 0
            let allowed = 1 + rounds
            _ = try pruner.run(plan, dropping: [], models: nil) {
                looks += 1
                return looks > allowed
            }
            try pruner.close()
            #expect(try needed(cache.reading()) == expected)
            #expect(try Verifier(cache: cache).run(repair: false).findings.isEmpty)
            rounds += 1
            try #require(rounds < 50)
        }
        #expect(rounds > 1)
        #expect(try all(cache.reading()) == expected)
    }

    @Test("Rows that are not what was written are copied nowhere: the shard is named, and stays as it is")
    func damaged() throws {
        let fixture = try PipelineFixture()
        for number in 0..<4 { try fixture.addClip("clip \(number)", seconds: 0.6, rate: 16_000) }
        try fixture.run(workers: 1)
        fixture.keep([fixture.rows[0], fixture.rows[3]])
        try fixture.run(workers: 1)
        let cache = fixture.cache()
        let ledger = try cache.reading()
        let kept = try #require(try ledger.clipIDs().last)
        let shard = try #require(try ledger.shards().first { $0.kind == "mel" })
        let result = try #require(try ledger.result(clip: kept, stage: shard.stage))
        let path = cache.folder + "/" + shard.path
        var bytes = try FileSystem.read(path)
        bytes[NumpyHeader.size + Int(result.firstRow) * 256 + 9] ^= 1
        try FileSystem.write(path) { try $0(bytes[...]) }
        let files = { try FileManager.default.contentsOfDirectory(atPath: cache.folder + "/shards").sorted() }
        let pruner = try CachePruner(cache: cache)
        let plan = try pruner.plan(dropping: [], share: 0) { _ in false }
        let error = #expect(throws: FileError.self) { try pruner.run(plan, dropping: [], models: nil) { false } }
        #expect(error.map { "\($0)".contains(shard.path) && "\($0)".contains("verify --repair") } == true)
        try pruner.close()
        #expect(try files().contains { shard.path.hasSuffix($0) })
        #expect(try Verifier(cache: cache).run(repair: true).findings.count == 1)
        try fixture.run(workers: 1)
        let next = try CachePruner(cache: cache)
        _ = try next.run(next.plan(dropping: [], share: 0) { _ in false }, dropping: [], models: nil) { false }
        try next.close()
        #expect(try Verifier(cache: cache).run(repair: false).findings.isEmpty)
        #expect(try idleShares(cache.reading()).allSatisfy { $0 == 0 })
    }
}
