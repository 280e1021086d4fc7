import Corpora
import Errors
import Foundation
import Ledger
import Results
import Testing
import TestSupport

/// What a search is asked, and what it leaves out and joins.
struct SimilaritySearchTests {
    /// Three recordings of one-second chunks, a new one every half second: "bird" at 0, 2 and 2.5 s of the first, at 1 s of
    /// the second, and once as an accent on something else.
    private static let bird: [Float] = [1, 0, 0]
    private static let hum: [Float] = [0, 1, 0]

    private func folder(metadata: [String?] = []) throws -> EmbeddingFolder {
        let (bird, hum) = (Self.bird, Self.hum)
        return try EmbeddingFolder(
            [
                ("one", [bird, hum, hum, hum, bird, bird, hum]), ("two", [hum, hum, bird]), ("lost", []),
                ("none", []), ("three", [[1, 1, 0], hum]),
            ], size: 3, metadata: metadata)
    }

    private func found(
        _ made: EmbeddingFolder, _ like: String, _ change: (inout SearchRequest) -> Void = { _ in }
    ) throws -> [String] {
        var request = SearchRequest(like: like)
        request.least = 0.5
        change(&request)
        return try made.search(request).found.map {
            "\($0.event.clip) \($0.event.start)-\($0.event.end) \(($0.event.score * 1e4).rounded() / 1e4)"
        }
    }

    @Test("A moment means the chunk that begins then or last before it; those that overlap it are left out")
    func moments() throws {
        let made = try folder()
        for like in ["one@0", "one@0.2", "one@0.4999"] {
            let all = ["one 2.0-3.0 1.0", "one 2.5-3.5 1.0", "two 1.0-1.9 1.0", "three 0.0-1.0 0.7071"]
            #expect(try found(made, like) == all)
        }
        // Chunks 3, 4 and 5 are left out: they hold part of the query's sound.
        #expect(try found(made, "one@2") == ["one 0.0-1.0 1.0", "two 1.0-1.9 1.0", "three 0.0-1.0 0.7071"])
        // Behind the last chunk's start there is only that chunk, up to the clip's end.
        #expect(try found(made, "two@1.89") == found(made, "two@1"))
        let outcome = try made.search(SearchRequest(like: "one@2"))
        #expect(outcome.tally.excluded == 3 && outcome.tally.compared == 9)
        #expect(outcome.coverage.clips == 5 && outcome.coverage.done == 3 && outcome.coverage.failed == 1)
    }

    @Test("Of a whole clip, each chunk counts by the one that it is most like")
    func wholeClip() throws {
        let made = try folder()
        let all = try found(made, "three")
        #expect(all.count == 10 && all.allSatisfy { $0.hasSuffix(" 1.0") || $0.hasSuffix(" 0.7071") })
        #expect(try found(made, "three") { $0.least = 0.9 }.count == 6)
    }

    @Test("Clips of the query's recording are left out if that is asked, and only chosen clips are searched")
    func selection() throws {
        let made = try folder()
        #expect(
            try found(made, "one@0") { $0.isOfOtherClips = true } == ["two 1.0-1.9 1.0", "three 0.0-1.0 0.7071"])
        #expect(try found(made, "one@0") { $0.clips = ["t*"] } == ["two 1.0-1.9 1.0", "three 0.0-1.0 0.7071"])
        #expect(try found(made, "one@0") { $0.clips = ["/audio/thr*"] } == ["three 0.0-1.0 0.7071"])
        #expect(try found(made, "one@0") { $0.top = 2 }.count == 2)
        var request = SearchRequest(like: "one@0")
        request.isOfOtherClips = true
        #expect(try made.search(request).ownClips == 1)
    }

    @Test("Chunks of a clip with a short enough gap between them become one result")
    func gaps() throws {
        let made = try folder()
        let joined = try found(made, "two@1") { $0.gap = 0 }
        #expect(joined == ["one 0.0-1.0 1.0", "one 2.0-3.5 1.0", "three 0.0-1.0 0.7071"])
        // From 1 to 2 s is a gap of 1 s, which is not less than 1 s.
        #expect(try found(made, "two@1") { $0.gap = 1 } == joined)
        #expect(try found(made, "two@1") { $0.gap = 1.001 } == ["one 0.0-3.5 1.0", "three 0.0-1.0 0.7071"])
        var request = SearchRequest(like: "three@0")
        (request.least, request.gap) = (0.5, 9)
        let outcome = try made.search(request)
        #expect(outcome.found.map(\.chunks) == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2]] && outcome.hits == 10)
    }

    @Test("What cannot be searched for is refused in one line that says why")
    func refused() throws {
        let made = try EmbeddingFolder(
            [
                ("sound", [[1, 0], [0, 1]]), ("quiet", [[.nan, .nan], [.nan, .nan]]), ("still", [[0, 0]]),
                ("both", [[0, 0], [.nan, .nan]]), ("pending", []), ("a@1", [[1, 1]]),
            ], size: 2)
        for (like, words) in [
            ("nobody", "'nobody', which is neither a clip of the cache nor a file"),
            ("nobody@1", "'nobody@1', which is neither"), ("@1", "'@1', which is neither"),
            ("pending", "clip 'pending', which has no embeddings from pipeline 'label'"),
            ("sound@1.4", "found 1.4 s of clip 'sound', expected 0 s or more and less than 1.4 s"),
            ("sound@900", "found 900 s of clip 'sound'"), ("sound@-1", "'sound@-1', which is neither"),
            ("quiet@0", "found a chunk of quiet@0 that no model heard, as it is below"),
            ("quiet", "found 2 chunks of quiet that no model heard, as they are below"),
            ("still", "found a chunk of still whose embedding is all zeros"),
            ("both", "found 2 chunks of both that no model heard or whose embedding is all zeros"),
        ] {
            let text = try #require(message { _ = try made.search(SearchRequest(like: like)) }, "\(like)")
            #expect(text.hasPrefix("--like: ") && text.contains(words), "\(text)")
        }
        var request = SearchRequest(like: "sound")
        request.clips = ["x*"]
        #expect(message { _ = try made.search(request) }?.contains("--clip: found 'x*'") == true)
        // A name that looks like a moment is a name first.
        #expect(try made.search(SearchRequest(like: "a@1")).found.first?.event.label == "a@1")
        #expect(try made.search(SearchRequest(like: "sound@1")).found.first?.event.label == "sound@1")
    }

    @Test("A query of too many chunks is refused, and one moment of it is not")
    func tooLong() throws {
        let made = try EmbeddingFolder(
            [("long", [[Float]](repeating: [1, 2], count: 1001)), ("short", [[2, 1]])], size: 2)
        let text = message { _ = try made.search(SearchRequest(like: "long")) }
        #expect(text?.contains("found 1001 chunks in clip 'long', expected at most 1000") == true, "\(text ?? "")")
        #expect(try made.search(SearchRequest(like: "long@499.7")).tally.excluded == 3)
    }

    @Test("Results are events: the best first in our own tables, by recording in those of others, and read back")
    func written() throws {
        let made = try folder(metadata: [#"{"began":"2024-05-01T06:00:00Z","site":"a"}"#])
        var request = SearchRequest(like: "one@2.5")
        (request.least, request.label) = (0.5, "chirp")
        let ledger = try made.cache.reading()
        let search = try SimilaritySearch(
            cache: made.cache, ledger: ledger, pipeline: nil, stage: nil, request: request)
        let outcome = try search.run()
        let export = SearchExport(search, version: "1")
        func write(_ format: String) throws -> [String] {
            let format = try #require(EventFormat.named(format))
            _ = try export.write(outcome, format, to: made.path("out"))
            return try made.text("out").split(separator: "\n").map(String.init)
        }
        #expect(
            try write("csv") == [
                "clip,path,start,end,label,score,peak,began,site",
                "one,/audio/one.wav,0,1,chirp,1.0,1.0,2024-05-01T06:00:00.000Z,a",
                "two,/audio/two.wav,1,1.9,chirp,1.0,1.0,,",
                "three,/audio/three.wav,0,1,chirp,0.70710677,0.70710677,,",
            ])
        let read = try EventFile(contentsOf: made.path("out"), ledger: ledger)
        #expect(read.events.map { $0.events.map(\.start) } == [[0], [1], [0]] && read.strangers.rows == 0)
        #expect(read.notices.isEmpty, "\(read.notices)")
        #expect(try write("jsonl").count == 3)
        for format in ["raven", "dcase", "kaleidoscope"] {
            let lines = try write(format)
            #expect(lines.count == 4 && lines[1].contains("one.wav") && lines[3].contains("three.wav"), "\(lines)")
        }
        let text = message { _ = try write("audacity") }
        #expect(text?.contains("--format audacity: found sounds in 3 recordings") == true, "\(text ?? "")")
        request.clips = ["two"]
        let only = try SimilaritySearch(
            cache: made.cache, ledger: ledger, pipeline: nil, stage: nil, request: request)
        let track = try #require(EventFormat.named("audacity"))
        _ = try SearchExport(only, version: "1").write(only.run(), track, to: made.path("track"))
        #expect(try made.text("track").hasPrefix("1.000000\t1.900000\tchirp"))
    }
}
