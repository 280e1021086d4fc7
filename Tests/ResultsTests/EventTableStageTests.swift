import Cache
import Foundation
import Ledger
import Results
import TestSupport
import Testing

/// What the events of a table are shown with, in a cache with chunk scores and in one without.
struct EventTableStageTests {
    private static func clips(_ ledger: Ledger) throws -> [ClipRecord] {
        var clips: [ClipRecord] = []
        try ledger.forEachClip { clips.append($0) }
        return clips
    }

    @Test(
        "Without chunk scores, pictures and sounds are those of a cache with them, and there are no curves",
        arguments: [true, false])
    func unscored(keepsMel: Bool) throws {
        let fixture = try ExcerptFixture([ExcerptFixture.Clip(name: "a", seconds: 2.5)])
        let cache = try fixture.run(keepsMel: keepsMel, keepsScores: false)
        let ledger = try cache.reading()
        let shown = try EventTableStage(cache: cache, ledger: ledger, pipeline: nil)
        #expect(shown.scores == nil && shown.kept.stage.kind == "embeddings")
        #expect(shown.notice?.contains("'excerpts' keeps no scores of chunks") == true)
        let reader = try ExcerptReader(cache: cache, ledger: ledger, kept: shown.kept, scores: shown.scores)
        let clip = try #require(try Self.clips(ledger).first)

        let scored = try ExcerptFixture.reader(fixture.run(keepsMel: keepsMel))
        for (from, to) in [(0.5, 1.25), (0, 9), (2.4, 2.6)] as [(Double, Double)] {
            let found = try reader.logMel(of: clip, from: from, to: to)
            let expected = try scored.reader.logMel(of: scored.clips[0], from: from, to: to)
            #expect(found.values == expected.values && found.first == expected.first)
            #expect(found.window == expected.window && found.isFromCache == keepsMel)
            let sound = try reader.sound(of: clip, from: from, to: to, encoding: .wav)
            let same = try scored.reader.sound(of: scored.clips[0], from: from, to: to, encoding: .wav)
            #expect(sound.bytes == same.bytes)
        }
        let error = #expect(throws: ExcerptError.self) { try reader.curve(of: clip, class: 0, from: 0, to: 1) }
        #expect(error?.kind == .unknownClass)
    }

    @Test("Chunk scores are taken where they are kept; without embeddings log-mel will do; a name must be a pipeline's")
    func choice() throws {
        let fixture = try ExcerptFixture([ExcerptFixture.Clip(name: "a", seconds: 2.5)])
        let scored = try fixture.run()
        let whole = try EventTableStage(cache: scored, ledger: scored.reading(), pipeline: "excerpts")
        #expect(whole.scores != nil && whole.notice == nil && whole.kept.stage.kind == "scores")
        #expect(throws: CacheError.self) {
            try EventTableStage(cache: scored, ledger: scored.reading(), pipeline: "other")
        }
        // As if the pipeline had ended with its log-mel.
        let cache = try fixture.run(keepsScores: false)
        let ledger = try Ledger(path: cache.ledgerPath)
        let made = try #require(try ledger.pipelines().first)
        try ledger.put(
            PipelineRecord(
                name: made.name, fingerprint: made.fingerprint,
                stages: try ledger.stages().filter { $0.kind == "mel" }.map(\.id), file: made.file,
                updated: made.updated, settings: made.settings))
        let plain = try EventTableStage(cache: cache, ledger: ledger, pipeline: nil)
        #expect(plain.scores == nil && plain.kept.stage.kind == "mel")
        let reader = try ExcerptReader(cache: cache, ledger: ledger, kept: plain.kept, scores: nil)
        let found = try reader.logMel(of: try #require(try Self.clips(ledger).first), from: 0, to: 9)
        #expect(found.window == 0..<2.5 && found.isFromCache)
        try ledger.close()
    }
}
