import Cache
import Files
import Foundation
import Ledger
import Testing

/// Clips at the edges of length and level, through the whole of `features.yaml`.
@Suite struct OddClipTests {
    private static let chunk = 16_000
    private static let hop = 8_000

    /// Samples of a clip with its padding: up to the first chunk that reaches its end.
    private static func padded(_ samples: Int) -> Int {
        (max(1, (samples - chunk + hop - 1) / hop + 1) - 1) * hop + chunk
    }

    private func rows(_ fixture: PipelineFixture, _ kind: String) throws -> [String: [Float]] {
        let ledger = try fixture.cache().reading()
        let reader = CacheReader(cache: fixture.cache().folder, ledger: ledger)
        let stage = try #require(try ledger.stages().first { $0.kind == kind })
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        var found: [String: [Float]] = [:]
        try ledger.forEachResult(stage: stage.id) { found[names[$0.clip] ?? ""] = try reader.floats($0).values }
        return found
    }

    @Test func lengthsAtTheEdgesOfAChunk() throws {
        let fixture = try PipelineFixture()
        let lengths = [1, 4800, 15_999, 16_000, 16_001, 23_999, 24_000, 24_001]
        for length in lengths {
            try fixture.addSamples("\(length)", (0..<length).map { Float($0 % 200) / 400 }, rate: 16_000)
        }
        let report = try fixture.run()
        #expect(report.result.done == lengths.count && report.failures == 0)
        let (raw, mel) = (try rows(fixture, "raw"), try rows(fixture, "mel"))
        for length in lengths {
            let expected = Self.padded(length)
            let samples = try #require(raw["\(length)"])
            #expect(samples.count == expected && samples[length...].allSatisfy { $0 == 0 }, "\(length)")
            for place in [0, length / 2, length - 1] {
                #expect(abs(samples[place] - Float(place % 200) / 400) < 1e-4, "\(length)")
            }
            #expect(mel["\(length)"]?.count == ((expected - 400) / 160 + 1) * 64, "\(length)")
        }
    }

    @Test func silenceClippingAndConstantLevel() throws {
        let fixture = try PipelineFixture()
        let count = 20_000
        let signals: [String: [Float]] = [
            "silence": [Float](repeating: 0, count: count), "level": [Float](repeating: 0.5, count: count),
            "clipped": (0..<count).map { $0 / 20 % 2 == 0 ? 1 : -1 },
        ]
        for (name, samples) in signals { try fixture.addSamples(name, samples, rate: 16_000) }
        #expect(try fixture.run().result.done == 3)
        let (raw, mel) = (try rows(fixture, "raw"), try rows(fixture, "mel"))
        // ln(0 + 0.001) wherever nothing is to be heard.
        #expect(mel["silence"]?.allSatisfy { abs($0 - Float(log(0.001))) < 1e-5 } == true)
        #expect(raw["silence"]?.allSatisfy { $0 == 0 } == true)
        #expect(raw["level"]?.prefix(count).allSatisfy { $0 == 0.5 } == true)
        #expect(raw["clipped"]?.prefix(count).allSatisfy { abs($0) > 0.9999 && abs($0) <= 1 } == true)
        for (name, values) in mel { #expect(values.allSatisfy { $0.isFinite && $0 > -7 && $0 < 8 }, "\(name)") }
    }

    @Test func damageOutsideOfRowsIsMendedAndNoClipIsMadeAnew() throws {
        let fixture = try PipelineFixture()
        for name in ["a", "b"] { try fixture.addClip(name, seconds: 1.2) }
        try fixture.run()
        let cache = fixture.cache()
        let before = try fixture.digests()
        let shard = try #require(try cache.reading().shards().first)
        for (path, place) in [(cache.folder + "/" + shard.path, 0), (cache.indexPath, 30)] {
            var bytes = try FileSystem.read(path)
            bytes[place] ^= 1
            try FileSystem.write(path) { try $0(bytes[...]) }
        }
        let found = try Verifier(cache: cache).run(repair: false)
        #expect(found.findings.count == 2 && found.findings.allSatisfy { !$0.isMended && $0.clips.isEmpty })
        let mended = try Verifier(cache: cache).run(repair: true)
        #expect(mended.findings.count == 2 && mended.findings.allSatisfy(\.isMended) && mended.repaired == 0)
        #expect(try Verifier(cache: cache).run(repair: false).findings.isEmpty)
        #expect(try fixture.run().plan.pending == 0)
        #expect(try fixture.digests() == before)
    }

    @Test func aRunWithNothingToDoWritesATableThatRottedOrIsGone() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 1)
        try fixture.run()
        let whole = try FileSystem.read(fixture.cache().indexPath)
        try FileSystem.write(fixture.cache().indexPath) { try $0(whole.dropLast(3)[...]) }
        #expect(try fixture.run().plan.pending == 0)
        #expect(try FileSystem.read(fixture.cache().indexPath) == whole)
        unlink(fixture.cache().indexPath)
        try fixture.run()
        #expect(try FileSystem.read(fixture.cache().indexPath) == whole)
    }
}
