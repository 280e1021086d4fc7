import Cache
import Evaluation
import Foundation
import GRDB
import Ledger
import Results
import Shards
import Testing

/// Labels and events of a cache against the same computed from its scores in the plainest way.
@Suite struct ExportTests {
    private static let classes = ["Dog", "Cat, tame", "Rain"]

    /// Clips of many lengths, one longer than a block of rows, two without scores.
    private func folder(seed: Int = 1) throws -> ScoreFolder {
        var draw = Draw(seed)
        let timing = ChunkTiming(rate: 16_000, hop: 4_000, length: 16_000)
        let lengths = [600, 1, 9, 0, 30, 0, 2, 257]
        return try ScoreFolder(
            classes: Self.classes, timing: timing,
            lengths.enumerated().map { place, chunks in
                var loud = [false, false, false]
                let rows: [[Float]] = (0..<chunks).map { _ in
                    for place in 0..<3 where draw.number(below: 4) == 0 { loud[place].toggle() }
                    return loud.map { $0 ? 0.4 + 0.6 * draw.share() : 0.3 * draw.share() }
                }
                let end = (max(chunks, 1) - 1) * timing.hop + timing.length
                return ("clip \(place)", end - draw.number(below: timing.hop), chunks == 0 ? nil : rows)
            })
    }

    private func labels(_ folder: ScoreFolder, _ request: Results.SelectionRequest, _ format: LabelExport.Format) throws
        -> LabelExport.Summary
    {
        let ledger = try folder.cache.reading()
        return try LabelExport(cache: folder.cache, ledger: ledger, pipeline: nil, request: request, version: "1")
            .write(
                format, to: folder.path("out"))
    }

    private func source(
        _ folder: ScoreFolder, _ request: Results.SelectionRequest, gap: Double = 0.3, least: Double = 0.3
    )
        throws
        -> EventSource
    {
        try EventSource(
            cache: folder.cache, ledger: folder.cache.reading(), pipeline: nil, request: request, gap: gap, least: least
        )
    }

    @Test func labelsAreThoseOfTheClipScores() throws {
        let folder = try folder()
        var request = Results.SelectionRequest()
        request.threshold = 0.35
        let summary = try labels(folder, request, .csv)
        var expected = "clip,path,label,score,rank\n"
        for place in folder.clips.indices {
            guard let rows = folder.rows(place) else { continue }
            let scores = (0..<3).map { label in
                Float(rows.map { Double($0[label]) }.reduce(0, +) / Double(rows.count))
            }
            let order = (0..<3).sorted { (scores[$1], $0) < (scores[$0], $1) }
            for (rank, label) in order.enumerated() where scores[label] >= 0.35 {
                let name = label == 1 ? "\"Cat, tame\"" : Self.classes[label]
                expected += "clip \(place),/audio/clip \(place).wav,\(name),\(scores[label]),\(rank + 1)\n"
            }
        }
        #expect(try folder.text("out") == expected)
        #expect(summary.labels == expected.split(separator: "\n").count - 1 && summary.labels > 3)
        // The third clip without scores is that at place 3, and 5 is odd too: both have failed.
        #expect(summary.coverage == Coverage(clips: 8, done: 6, failed: 2))
    }

    @Test func bestAloneIsOfEveryClip() throws {
        let folder = try folder()
        var request = Results.SelectionRequest()
        request.top = 1
        #expect(try labels(folder, request, .csv).labels == 6)
        request.threshold = 0.99
        #expect(try labels(folder, request, .csv).labels == 0)
    }

    @Test func eventsAreThoseOfTheRule() throws {
        for seed in 1...3 {
            let folder = try folder(seed: seed)
            var request = Results.SelectionRequest()
            request.threshold = 0.5
            let source = try source(folder, request)
            let summary = try EventExport(source: source, version: "1").write(
                try #require(EventFormat.named("csv")), to: folder.path("out"))
            let plain = PlainEvents(timing: folder.made.timing, rule: source.rule)
            var expected: [[String]] = []
            for place in folder.clips.indices {
                guard let rows = folder.rows(place) else { continue }
                for event in plain.find(rows, samples: folder.clips[place].samples) {
                    let end = Double(event.end) / 16_000
                    expected.append([
                        "clip \(place)", "\(Double(event.start) / 16_000)", "\(end)", Self.classes[event.place],
                    ])
                }
            }
            let found = try folder.text("out").split(separator: "\n").dropFirst().map { line -> [String] in
                let fields = line.replacingOccurrences(of: "\"Cat, tame\"", with: "Cat; tame").split(separator: ",")
                    .map(String.init)
                // Seconds in CSV are to the microsecond.
                return [fields[0], fields[2], fields[3], fields[4].replacingOccurrences(of: ";", with: ",")]
            }
            #expect(found.count == expected.count && found.count > 20)
            for (found, expected) in zip(found, expected) {
                #expect(found[0] == expected[0] && found[3] == expected[3])
                #expect(abs((Double(found[1]) ?? -1) - (Double(expected[1]) ?? -2)) < 1e-6)
                #expect(abs((Double(found[2]) ?? -1) - (Double(expected[2]) ?? -2)) < 1e-6)
            }
            #expect(summary.events == expected.count && summary.unknownLengths == 0)
            #expect(summary.coverage == Coverage(clips: 8, done: 6, failed: 2))
        }
    }

    /// Gathers what a source hands out.
    private final class Gathered: EventSink {
        var events: [Event] = []
        var clips: [String] = []
        var missing: [String: String] = [:]
        func begin(clip: EventClip) throws { clips.append(clip.name) }
        func write(_ event: Event) throws { events.append(event) }
        func note(missing clip: EventClip, state: String) throws { missing[clip.name] = state }
    }

    private func gathered(_ source: EventSource) throws -> Gathered {
        let gathered = Gathered()
        _ = try source.forEach(gathered)
        return gathered
    }

    @Test func selectionsAreParts() throws {
        let folder = try folder()
        var request = Results.SelectionRequest()
        let all = try gathered(source(folder, request))
        #expect(all.missing == ["clip 3": "failed", "clip 5": "failed"] && all.clips.count == 6)
        request.only = ["Dog", "Rain"]
        #expect(try gathered(source(folder, request)).events == all.events.filter { $0.label != "Cat, tame" })
        request.not = ["Rain"]
        #expect(try gathered(source(folder, request)).events == all.events.filter { $0.label == "Dog" })
        request = Results.SelectionRequest()
        request.clips = ["*[47]", "/audio/clip 0.*"]
        let chosen = try gathered(source(folder, request))
        #expect(chosen.events == all.events.filter { ["clip 0", "clip 4", "clip 7"].contains($0.clip) })
        #expect(chosen.missing.isEmpty)
        let summary = try source(folder, request).forEach(Gathered())
        #expect(summary.coverage == Coverage(clips: 3, done: 3, failed: 0))
        request.clips = ["*4", "*.flac"]
        #expect { _ = try source(folder, request) } throws: {
            "\($0)".contains("'*.flac', which fits no clip's name or path")
        }
    }

    @Test func theBestEventsOfEachClip() throws {
        let folder = try folder()
        var request = Results.SelectionRequest()
        let all = try gathered(source(folder, request)).events
        request.top = 3
        let best = try gathered(source(folder, request)).events
        var expected: [Event] = []
        for clip in folder.clips {
            let own = all.enumerated().filter { $0.element.clip == clip.name }
            let kept = own.sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.prefix(3)
            expected += kept.sorted { $0.offset < $1.offset }.map(\.element)
        }
        #expect(best == expected && best.count > 8)
    }

    @Test func theDatabaseHasWhatTheTableHas() throws {
        let folder = try folder()
        var request = Results.SelectionRequest()
        request.threshold = 0.4
        _ = try labels(folder, request, .sqlite)
        var queue = try DatabaseQueue(path: folder.path("out"))
        let rows = try queue.read {
            try Row.fetchAll(
                $0,
                sql: "SELECT clip, path, label, score, rank FROM labels JOIN clips USING (clip) ORDER BY labels.rowid")
        }.map { row -> String in
            let name = row["label"] as String
            let quoted = name.contains(",") ? "\"\(name)\"" : name
            return
                "\(row["clip"] as String),\(row["path"] as String),\(quoted),\(row["score"] as Double),\(row["rank"] as Int)"
        }
        _ = try labels(folder, request, .csv)
        #expect(try folder.text("out").split(separator: "\n").dropFirst().map(String.init) == rows && rows.count > 3)
        let events = try source(folder, request)
        _ = try EventExport(source: events, version: "1.2").writeDatabase(to: folder.path("out"))
        queue = try DatabaseQueue(path: folder.path("out"))
        try queue.read { database in
            let all = try gathered(events).events
            let found = try Row.fetchAll(database, sql: "SELECT * FROM events").map { row in
                [row["start"] as Double, row["end"], row["score"], row["peak"]]
            }
            #expect(found.count == all.count)
            for (found, event) in zip(found, all) {
                #expect(found[0] == event.start && found[1] == event.end)
                #expect(Float(found[2]) == Float(event.score) && Float(found[3]) == Float(event.peak))
            }
            let states = try Row.fetchAll(
                database, sql: "SELECT state, count(*) AS n FROM clips GROUP BY state ORDER BY state")
            #expect(states.map { $0["n"] as Int } == [6, 2])
            let told = try Row.fetchAll(database, sql: "SELECT name, value FROM provenance").reduce(into: [:]) {
                $0[$1["name"] as String] = $1["value"] as String
            }
            #expect(
                told["earmark"] == "1.2" && told["threshold"] == "0.4" && told["gap"] == "0.3"
                    && told["clips.failed"] == "2")
            #expect(
                try Double.fetchAll(database, sql: "SELECT threshold FROM classes UNION SELECT release FROM classes")
                    == [0.2, 0.4])
            let plan = try Row.fetchAll(
                database, sql: "EXPLAIN QUERY PLAN SELECT * FROM events WHERE label = 'Dog' AND score > 0.6"
            ).map { $0["detail"] as String }
            #expect(plan.contains { $0.contains("events_by_label (label=? AND score>?)") }, "\(plan)")
            #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
            #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
        }
    }

    @Test func scoresInHalfPrecision() throws {
        let folder = try ScoreFolder(
            classes: ["a"], dtype: .float16, [("x", 24_000, [[0.75], [0.75]]), ("y", 100, [[0.25]])])
        let found = try gathered(source(folder, Results.SelectionRequest(), gap: 0, least: 0)).events
        #expect(
            found == [Event(clip: "x", path: "/audio/x.wav", start: 0, end: 1.5, label: "a", score: 0.75, peak: 0.75)])
    }

    @Test func aDamagedRowIsNoScore() throws {
        let folder = try folder()
        let shards = folder.path("cache/shards")
        for name in try FileManager.default.contentsOfDirectory(atPath: shards) where name.hasPrefix("scores") {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: shards + "/" + name))
            bytes[bytes.count - 3] ^= 1
            try bytes.write(to: URL(fileURLWithPath: shards + "/" + name))
        }
        #expect { _ = try gathered(source(folder, Results.SelectionRequest())) } throws: {
            "\($0)".contains("are not what was written")
        }
    }
}
