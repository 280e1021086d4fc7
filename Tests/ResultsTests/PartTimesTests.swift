import Audio
import Cache
import Corpora
import Errors
import Features
import Foundation
import Ledger
import Results
import TestSupport
import Testing

/// Clips that are parts of recordings: what is written, drawn and cut of them is placed in the recording.
@Suite struct PartTimesTests {
    private static let classes = ["Dog", "Rain"]
    private static let part = RecordingPart(start: 100_250_000, end: 140_250_000, channel: 2)

    /// The same scores as a recording of their own, as a part of another, and as its last part.
    private static func cache(_ folder: TemporaryFolder) throws -> ScoreCache {
        let cache = ScoreCache(
            cache: CacheFolder(folder: folder.path + "/cache"), classes: classes,
            timing: ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000))
        var draw = Draw(7)
        let scores = (0..<79 * 2).map { _ in draw.number(below: 3) == 0 ? 0.9 : draw.share() * 0.3 }
        let parts = [nil, part, RecordingPart(start: 60_000_000)]
        try cache.make(clips: 3) { place in
            ScoreCache.Clip(
                name: ["whole", "part", "rest"][place], path: ["/a/whole.wav", "/a/long.wav", "/a/long.wav"][place],
                samples: 16_000 * 40 - 100, scores: scores, part: parts[place])
        }
        return cache
    }

    private static func source(_ cache: ScoreCache) throws -> EventSource {
        try EventSource(
            cache: cache.cache, ledger: cache.cache.reading(), pipeline: nil, request: Results.SelectionRequest(),
            gap: 0,
            least: 0)
    }

    @Test func eventsAreInSecondsOfTheRecording() throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(Self.cache(folder))
        var clips: [(clip: EventClip, events: [Event])] = []
        _ = try source.forEachClip { clips.append(($0, $1)) }
        #expect(clips.count == 3 && clips[0].events.count > 5)
        for (place, start) in [(1, 100.25), (2, 60)] {
            #expect(clips[place].events.count == clips[0].events.count)
            for (found, own) in zip(clips[place].events, clips[0].events) {
                #expect(abs(found.start - own.start - start) < 1e-9 && abs(found.end - own.end - start) < 1e-9)
                #expect(found.label == own.label && found.score == own.score && found.path == "/a/long.wav")
            }
        }
        #expect(clips[0].clip.recordingSeconds == clips[0].clip.seconds && clips[1].clip.recordingSeconds == nil)
        #expect(clips[2].clip.recordingSeconds.map { abs($0 - 60 - 39.99375) < 1e-9 } == true)
        #expect(clips[1].clip.end.map { abs($0 - 100.25 - 39.99375) < 1e-9 } == true)
    }

    /// Every format that has times has those of the recording.
    @Test func everyFormat() throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(Self.cache(folder))
        var clips: [(clip: EventClip, events: [Event])] = []
        _ = try source.forEachClip { clips.append(($0, Array($1.prefix(1)))) }
        let event = try #require(clips[1].events.first)
        let start = String(format: "%.6f", event.start)
        func text(_ name: String, _ clips: [(clip: EventClip, events: [Event])]) throws -> String {
            try MadeEvents.text(try #require(EventFormat.named(name)), clips)
        }
        #expect(try text("audacity", [clips[1]]).hasPrefix(start + "\t"))
        #expect(try text("dcase", [clips[1]]).contains("\t" + start + "\t"))
        #expect(try text("webvtt", [clips[1]]).contains("\n00:01:4"))
        let short = Double(start).map { "\($0)" } ?? ""
        #expect(try text("kaleidoscope", [clips[1]]).contains(",long.wav,1,\(short),"))
        #expect(try text("kaleidoscope", [clips[0]]).contains(",whole.wav,0,"))
        let jams = try #require(
            try JSONSerialization.jsonObject(with: Data(text("jams", [clips[1]]).utf8)) as? [String: Any])
        let annotation = try #require((jams["annotations"] as? [[String: Any]])?.first)
        #expect(annotation["time"] as? Double == 100.25 && annotation["duration"] as? Double == 39.99375)
        #expect((jams["file_metadata"] as? [String: Any])?["duration"] == nil)
        #expect((jams["sandbox"] as? [String: Any])?["part"] as? String == "start=100.25 end=140.25 channel=2")
        // Raven: two parts of a recording are one recording, of the length that its last part tells.
        let whole = try #require(clips[0].events.first)
        func rows(_ clips: [(clip: EventClip, events: [Event])]) throws -> [[Substring]] {
            try text("raven", clips).split(separator: "\n").dropFirst().map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
        }
        let raven = try rows([clips[1], clips[2], clips[0]])
        #expect(raven.map { $0[2] } == ["2", "1", "1"])
        #expect(raven[0][3] == raven[0][8] && raven[1][3] == raven[1][8] && raven[0][8] == Substring(start))
        #expect(try abs(#require(Double(raven[2][3])) - 99.99375 - whole.start) < 1e-5)
        // Where only a part that ends before its recording is known, the length is not.
        #expect(throws: SettingError.self) { try text("raven", [clips[1], clips[0]]) }
        let around = try rows([clips[0], clips[1], clips[2]])
        #expect(try abs(#require(Double(around[1][3])) - 39.99375 - event.start) < 1e-5)
        #expect(try abs(#require(Double(around[2][3])) - 39.99375 - #require(Double(around[2][8]))) < 1e-5)
    }

    /// A table of events is read back, whether its clips are parts or not; borders may be moved out of the part.
    @Test func tablesAreReadBack() throws {
        let folder = try TemporaryFolder()
        let cache = try Self.cache(folder)
        let export = EventExport(source: try Self.source(cache), version: "1")
        _ = try export.write(try #require(EventFormat.named("csv")), to: folder.path + "/e.csv")
        let ledger = try cache.cache.reading()
        let read = try EventFile(contentsOf: folder.path + "/e.csv", ledger: ledger)
        #expect(read.events.map(\.clip.name) == ["whole", "part", "rest"])
        #expect(read.events[1].clip.part == Self.part)
        let head = "clip,path,start,end,label,score,peak\n"
        try folder.put("moved.csv", head + "part,/a/long.wav,10,11,Dog,0.5,0.5\n")
        #expect(try EventFile(contentsOf: folder.path + "/moved.csv", ledger: ledger).events.count == 1)
        try folder.put("far.csv", head + "rest,/a/long.wav,10,101,Dog,0.5,0.5\n")
        #expect(throws: (any Error).self) { try EventFile(contentsOf: folder.path + "/far.csv", ledger: ledger) }
    }

    /// One file per clip, also of clips of one recording.
    @Test func perFile() throws {
        let folder = try TemporaryFolder()
        let export = EventExport(source: try Self.source(Self.cache(folder)), version: "1")
        _ = try export.write(try #require(EventFormat.named("audacity")), below: folder.path + "/out")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").sorted()
        #expect(names == ["long_100.25-140.25_ch2.txt", "long_60-end.txt", "whole.txt"])
    }

    // MARK: Excerpts

    @Test func excerptsOfAPartAreThoseOfAFileWithItsSamples() throws {
        let fixture = try ExcerptFixture([
            .init(name: "long", seconds: 9, rate: 22_050, channels: 2, format: .flac)
        ])
        let fields = ["2,5.5,2", "1.5,,", ",,1"]
        for keepsMel in [true, false] {
            let (reader, scores, clips) = try ExcerptFixture.reader(
                fixture.run(keepsMel: keepsMel, parts: fields.map { ("long", $0) }))
            #expect(clips.count == 3 && scores.classes.count > 3)
            for (place, clip) in clips.enumerated() {
                let part = try #require(try clip.recordingPart())
                let file = try ExcerptFixture.cut(fixture.path(fixture.clips[0]), part)
                defer { withExtendedLifetime(file) {} }
                let alone = try ExcerptFixture.reader(file.run(keepsMel: keepsMel))
                let (start, end) = (part.startSeconds, part.endSeconds ?? 9)
                for (from, to) in [(0, 99), (start, start + 1), (start + 0.7, end - 0.3), (end - 1, end + 5)] {
                    let found = try reader.logMel(of: clip, from: from, to: to)
                    let own = try alone.reader.logMel(of: alone.clips[0], from: from - start, to: to - start)
                    #expect(found.values == own.values && found.isFromCache == keepsMel, "\(fields[place])")
                    #expect(abs(found.first - own.first - start) < 1e-9)
                    #expect(abs(found.window.lowerBound - max(from, start)) < 1e-9)
                    #expect(abs(found.window.upperBound - min(to, end)) < 1e-3)
                    let curve = try reader.curve(of: clip, class: 3, from: from, to: to)
                    let plain = try alone.reader.curve(of: alone.clips[0], class: 3, from: from - start, to: to - start)
                    #expect(curve.map(\.score) == plain.map(\.score) && curve.count > 0)
                    #expect(zip(curve, plain).allSatisfy { abs($0.start - $1.start - start) < 1e-9 })
                    #expect(zip(curve, plain).allSatisfy { abs($0.end - $1.end - start) < 1e-9 })
                }
                let sound = try reader.sound(of: clip, from: start + 0.5, to: start + 1.5, encoding: .wav)
                #expect(sound.channels == (part.channel == nil ? 2 : 1) && sound.duration == 1)
                #expect(abs(sound.first - start - 0.5) < 1e-4)
                if part.channel != nil {
                    let own = try alone.reader.sound(of: alone.clips[0], from: 0.5, to: 1.5, encoding: .wav)
                    #expect(sound.bytes == own.bytes)
                }
            }
        }
    }

    // MARK: Cuts

    /// Cuts come from the recording at the events' times, of the channel that was heard; padding reaches outside the part.
    @Test func cutsComeFromTheRecording() throws {
        let fixture = try ExcerptFixture([.init(name: "long", seconds: 9, rate: 16_000, channels: 2)])
        let cache = try fixture.run(parts: [("long", "3,5,2"), ("long", "2,,")])
        let ledger = try cache.reading()
        var clips: [ClipRecord] = []
        try ledger.forEachClip { clips.append($0) }
        let whole = try ExcerptFixture.samples(fixture.path(fixture.clips[0]))
        let settings = ClipExporter.Settings(pad: 1.5, container: .wav, choice: .all)
        let path = fixture.path(fixture.clips[0])
        let out = fixture.folder + "/cuts"
        let summary = try ClipExporter(ledger: ledger, settings: settings).export(
            { body in
                for (place, times) in [(0, (3.25, 4.0)), (1, (8.0, 8.5))] {
                    let event = Event(
                        clip: clips[place].name, path: path, start: times.0, end: times.1, label: "X", score: 0.5,
                        peak: 0.5)
                    let source = try ledger.clip(named: clips[place].name)?.source
                    try body(
                        EventClip(
                            name: clips[place].name, path: path, seconds: source?.seconds,
                            part: try clips[place].recordingPart()), [event])
                }
            }, to: out, lost: { Issue.record("\($0.reason)") })
        #expect(summary.cuts == 2 && summary.lostEvents == 0)
        // The cuts are whole files.
        let index = try Manifest(contentsOf: out + "/" + ClipExporter.indexName)
        #expect(index.count == 2 && (0..<2).allSatisfy { index.part($0) == nil })
        let names = try FileManager.default.contentsOfDirectory(atPath: out + "/X").sorted()
        let first = try ExcerptFixture.samples(out + "/X/" + #require(names.first { $0.contains("_3.250_") }))
        #expect(first == [Array(whole[1][28_000..<88_000])])
        let second = try ExcerptFixture.samples(out + "/X/" + #require(names.first { $0.contains("_8.000_") }))
        #expect(second == whole.map { Array($0[104_000..<144_000]) })
    }
}
