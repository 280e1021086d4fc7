import Audio
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Testing

/// Runs over manifests whose clips are parts of recordings.
@Suite struct PartRunTests {
    private typealias Row = (clip: String, path: String, part: String)

    /// A fixture with two recordings of two channels, six seconds each.
    private func recordings() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        try fixture.addClip("two", seconds: 6, rate: 22_050, channels: 2)
        try fixture.addClip("other", seconds: 6, rate: 16_000, channels: 2)
        return fixture
    }

    private func manifest(_ fixture: PipelineFixture, _ rows: [Row]) throws -> Manifest {
        let text = "clip,path,start,end,channel\n" + rows.map { "\($0.clip),\($0.path),\($0.part)\n" }.joined()
        let path = fixture.folder + "/parts.csv"
        try FileSystem.write(path) { try $0(Array(text.utf8)[...]) }
        return try Manifest(contentsOf: path)
    }

    private func plan(_ fixture: PipelineFixture, _ manifest: Manifest) throws -> Plan {
        let loaded = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: [])
        let ledger = try fixture.cache().reading()
        let facts = try Reconciler(manifest: manifest.countingChannels(), graph: loaded.graph, ledger: ledger).facts
        return Plan(graph: loaded.graph, clips: facts, isLossless: LoadedPipeline.isLossless)
    }

    @discardableResult
    private func run(
        _ fixture: PipelineFixture, _ manifest: Manifest, cache: CacheFolder? = nil, workers: Int = 2,
        stop: StopSignal = StopSignal(), onCommit: @escaping @Sendable ([Outcome]) -> Void = { _ in }
    ) throws -> RunSession.Report {
        let loaded = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: [])
        let session = try RunSession(pipeline: loaded, manifest: manifest, cache: cache ?? fixture.cache())
        let report = try session.run(session.plan(), workers: workers, stop: stop, onCommit: onCommit)
        try session.close()
        return report
    }

    /// The digests of clips' rows, without those of clips of the cache that the names do not begin with.
    private func digests(_ fixture: PipelineFixture, _ prefix: String, _ cache: CacheFolder? = nil) throws -> [String:
        String]
    {
        try fixture.digests(cache).filter { $0.key.hasPrefix(prefix) }
    }

    /// The samples of a part, as a recording of their own.
    private func cut(_ fixture: PipelineFixture, _ name: String, of path: String, _ part: RecordingPart?) throws {
        let file = try AudioFile(path: path)
        var mono: [Float] = []
        var channel: [Float] = []
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 10_000)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            mono += buffer[..<count]
        }
        let recording = try Recording(path: path)
        let wide = UnsafeMutableBufferPointer<Double>.allocate(capacity: 10_000)
        defer { wide.deallocate() }
        while true {
            let count = recording.read(into: wide)
            if count == 0 { break }
            for frame in 0..<count {
                channel.append(Float(wide[frame * recording.channels + (part?.channel ?? 1) - 1]))
            }
        }
        let samples = part?.channel == nil ? mono : channel
        let end = part?.endFrame(rate: file.rate).map(Int.init) ?? samples.count
        try fixture.addSamples(
            name, Array(samples[Int(part?.firstFrame(rate: file.rate) ?? 0)..<end]), rate: file.rate)
    }

    @Test func partsGiveTheRowsOfFilesWithTheirSamples() throws {
        let fixture = try recordings()
        let parts = [",,", "0.5,2.25,", "1.333333,,", ",,2", "2,4.1,1", "3,5.999,2", ",0.4,"]
        var rows: [Row] = []
        for (place, fields) in parts.enumerated() {
            for file in ["two", "other"] { rows.append(("part \(file) \(place)", file + ".wav", fields)) }
        }
        let list = try manifest(fixture, rows)
        #expect(try run(fixture, list).failures == 0)
        let cuts = try PipelineFixture()
        for row in 0..<list.count {
            try cut(cuts, list.clip(row), of: list.path(row), list.part(row))
        }
        try cuts.run(cache: fixture.cache("cuts"))
        let found = try digests(fixture, "part")
        #expect(found.count == 2 * list.count && Set(found.values).count == 2 * list.count)
        #expect(try found == digests(fixture, "part", fixture.cache("cuts")))
        // The lengths are those of the parts.
        let ledger = try fixture.cache().reading()
        let source = try #require(try ledger.clip(named: "part two 1")?.source)
        #expect(source.frames == 38_588 && source.rate == 22_050)
        // Any number of workers gives the same.
        for workers in [1, 3] {
            try run(fixture, list, cache: fixture.cache("c\(workers)"), workers: workers)
            #expect(try digests(fixture, "part", fixture.cache("c\(workers)")) == found)
        }
        // Stopped after the first commit and resumed. By then a fast machine may have computed every clip.
        let stop = StopSignal()
        let cache = fixture.cache("stopped")
        let first = try run(fixture, list, cache: cache, workers: 1, stop: stop) { _ in stop.raise() }
        #expect(first.result.wasInterrupted && first.result.done > 0)
        let rest = try run(fixture, list, cache: cache)
        #expect(first.result.done + rest.result.done == list.count)
        #expect(try digests(fixture, "part", cache) == found)
        // Half of the clips first, so that the rest certainly joins what is there.
        let halved = fixture.cache("halved")
        let half = Array(rows.prefix(rows.count / 2))
        #expect(try run(fixture, manifest(fixture, half), cache: halved).result.done == half.count)
        #expect(try run(fixture, manifest(fixture, rows), cache: halved).result.done == rows.count - half.count)
        #expect(try digests(fixture, "part", halved) == found)
    }

    @Test func onlyAChangedPartIsDoneAgain() throws {
        let fixture = try recordings()
        let before: [Row] = [
            ("a", "two.wav", "1,2,"), ("b", "two.wav", "2,3,"), ("c", "two.wav", ",,"), ("d", "two.wav", ",,1"),
        ]
        try run(fixture, manifest(fixture, before))
        let rows = try fixture.digests()
        #expect(try run(fixture, manifest(fixture, before)).plan.pending == 0)
        // In other columns and other words for the same parts, nothing is done.
        let text =
            "channel,end,clip,start,path\n,2.0,a,1.000,two.wav\nmix,3,b,2,two.wav\nmix,,c,0,two.wav\n1,,d,,two.wav\n"
        try FileSystem.write(fixture.folder + "/moved.csv") { try $0(Array(text.utf8)[...]) }
        #expect(try run(fixture, Manifest(contentsOf: fixture.folder + "/moved.csv")).plan.pending == 0)
        let after: [Row] = [
            ("a", "two.wav", "1,2.5,"), ("b", "two.wav", "2,3,"), ("c", "two.wav", "1,,"), ("d", "two.wav", ",,2"),
        ]
        let list = try manifest(fixture, after)
        let planned = try plan(fixture, list)
        #expect(planned.pending == 3 && planned.count(.new) == 3 && planned.count(.done) == 1)
        let report = try run(fixture, list)
        #expect(report.plan.pending == 3 && report.plan.count(.new) == 3 && report.result.done == 3)
        let changed = try fixture.digests()
        #expect(
            changed.filter { rows[$0.key] == $0.value }.keys.sorted() == ["b mel", "b raw"].filter { rows[$0] != nil })
        // And back again.
        try run(fixture, manifest(fixture, before))
        #expect(try fixture.digests() == rows)
    }

    /// A run that ends between taking over the manifest and reading the new parts leaves no old rows that count.
    @Test func oldRowsDoNotCountForANewPart() throws {
        let fixture = try recordings()
        try run(fixture, manifest(fixture, [("a", "two.wav", "1,2,"), ("b", "two.wav", ",,")]))
        let list = try manifest(fixture, [("a", "two.wav", "3,4,"), ("b", "two.wav", ",3,")])
        let loaded = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: [])
        let session = try RunSession(pipeline: loaded, manifest: list, cache: fixture.cache())
        #expect(try session.plan().pending == 2)
        try session.close()
        let ledger = try fixture.cache().reading()
        var current = 0
        try ledger.forEachCurrentResult(stages: try ledger.stages().map(\.id)) { _, _ in current += 1 }
        #expect(current == 0)
        #expect(try plan(fixture, list).pending == 2)
    }

    @Test func aTouchedFileIsReadOnceForItsPartsAndDoneAgainIfChanged() throws {
        let fixture = try recordings()
        let list = try manifest(fixture, (0..<5).map { ("a\($0)", "two.wav", "\($0),\($0 + 1),") })
        try run(fixture, list)
        let path = fixture.folder + "/two.wav"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        #expect(try run(fixture, list).plan.pending == 0)
        var bytes = try FileSystem.read(path)
        bytes[1000] ^= 0x40
        try FileSystem.write(path) { try $0(bytes[...]) }
        let report = try run(fixture, list)
        #expect(report.plan.count(.changed) == 5 && report.result.done == 5)
    }

    @Test func eachChannelIsAClipAndWhatCannotBeReadFails() throws {
        let fixture = try recordings()
        try fixture.addFile("broken.wav", Array("RIFF broken".utf8))
        let rows: [Row] = [
            ("t", "two.wav", "1,3,each"), ("gone", "gone.wav", ",,each"), ("x", "broken.wav", ",,each"),
            ("mono 1", "two.wav", "1,3,1"), ("mono 2", "two.wav", "1,3,2"),
        ]
        let list = try manifest(fixture, rows)
        let report = try run(fixture, list)
        #expect(report.plan.clipCount == 6 && report.result.done == 4 && report.failures == 2)
        let digests = try fixture.digests()
        for channel in 1...2 {
            #expect(digests["t#\(channel) mel"] == digests["mono \(channel) mel"] && digests["t#\(channel) mel"] != nil)
        }
        let ledger = try fixture.cache().reading()
        let loaded = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: [])
        let record = try #require(try ledger.pipelines().first { $0.name == loaded.graph.name })
        let failures = try FailureLine.all(ledger, pipeline: record)
        #expect(failures.map(\.clip) == ["gone#1", "x#1"] && failures[0].reason == "no such file")
        #expect(try plan(fixture, list).pending == 0)
    }

    @Test func aPartThatIsNotThereFailsAloneAndAnotherPartIsTried() throws {
        let fixture = try recordings()
        let report = try run(
            fixture, manifest(fixture, [("a", "two.wav", "7,8,"), ("b", "two.wav", "5,7,"), ("c", "two.wav", ",,3")]))
        #expect(report.failures == 3)
        let again = try run(
            fixture, manifest(fixture, [("a", "two.wav", "4,5,"), ("b", "two.wav", "5,7,"), ("c", "two.wav", ",,2")]))
        #expect(again.plan.pending == 2 && again.result.done == 2 && again.failures == 1)
    }
}
