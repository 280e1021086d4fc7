import Audio
import Cache
import Features
import Foundation
import Ledger
import Results
import TestSupport
import Testing

/// Stretches of recordings, from the cache and from the files: the same frames, scores and samples, whatever the stretch.
@Suite struct ExcerptReaderTests {
    private typealias Clip = ExcerptFixture.Clip

    /// Stretches of a recording of so many seconds, its ends and beyond them among them.
    private static func windows(_ seconds: Double, count: Int, seed: Int) -> [Range<Double>] {
        var draw = Draw(seed)
        let drawn = (0..<count).map { _ in
            let (a, b) = (Double(draw.share()) * seconds, Double(draw.share()) * seconds)
            return min(a, b)..<max(a, b) + 0.001
        }
        return [-1..<seconds + 1, 0..<0.001, max(0, seconds - 0.001)..<seconds, seconds / 2..<seconds / 2 + 0.0001]
            + drawn
    }

    // MARK: Frames

    @Test(arguments: [ExcerptFixture.Setting.yamnet, .centred])
    func cachedFramesAreThoseOfTheFile(setting: ExcerptFixture.Setting) throws {
        let fixture = try ExcerptFixture([
            Clip(name: "short", seconds: 0.3), Clip(name: "whole", seconds: 5),
            Clip(name: "stereo", seconds: 2.345, rate: 44_100, channels: 2),
            Clip(name: "low", seconds: 3.1, rate: 8000),
            Clip(name: "flac", seconds: 4.2, rate: 22_050, channels: 3, format: .flac),
            Clip(name: "float", seconds: 1.9, rate: 48_000, format: .wavFloat),
        ])
        let cached = try ExcerptFixture.reader(fixture.run(setting))
        let fresh = try ExcerptFixture.reader(fixture.run(setting, keepsMel: false))
        for (clip, made) in zip(cached.clips, fixture.clips) {
            for window in Self.windows(made.seconds, count: 12, seed: made.name.count) {
                let kept = try cached.reader.logMel(of: clip, from: window.lowerBound, to: window.upperBound)
                let computed = try fresh.reader.logMel(of: clip, from: window.lowerBound, to: window.upperBound)
                #expect(kept.isFromCache && kept.isChecked && !computed.isFromCache)
                #expect(kept.frontEnd.identityOfFrames == setting.frontEnd.identityOfFrames)
                #expect(kept.values == computed.values, "\(made.name) \(window)")
                #expect(kept.first == computed.first && kept.window == computed.window && kept.frames > 0)
                #expect(kept.window.upperBound <= made.seconds + 1e-9)
            }
        }
    }

    @Test func adjacentStretchesShareNoFrameAndLeaveNoneOut() throws {
        let fixture = try ExcerptFixture([Clip(name: "a", seconds: 4)])
        let (reader, _, clips) = try ExcerptFixture.reader(fixture.run(dtype: "float16"))
        let whole = try reader.logMel(of: clips[0], from: 0, to: 4)
        // Frames whose middle, 12.5 ms behind their start, lies in the recording; of these the padded one has 398.
        #expect(whole.frames == 398 && whole.first == 0.0125 && whole.hop == 0.01)
        var draw = Draw(3)
        for _ in 0..<10 {
            let cuts = ([0, 4] + (0..<5).map { _ in 0.2 + 3.6 * Double(draw.share()) }).sorted()
            guard zip(cuts, cuts.dropFirst()).allSatisfy({ $1 - $0 > 0.011 }) else { continue }
            let parts = try zip(cuts, cuts.dropFirst()).map { try reader.logMel(of: clips[0], from: $0, to: $1) }
            #expect(parts.flatMap(\.values) == whole.values)
            for part in parts {
                let frame = Int(((part.first - whole.first) / whole.hop).rounded())
                #expect(abs(part.first - (0.0125 + 0.01 * Double(frame))) < 1e-9)
                #expect(Array(whole.values[frame * 64..<frame * 64 + part.values.count]) == part.values)
            }
        }
    }

    /// Behind half a minute, decoding begins a second before the stretch.
    @Test(arguments: [(16_000, 1), (44_100, 2), (48_000, 1), (11_025, 1)])
    func framesFarIntoTheFile(rate: Int, channels: Int) throws {
        let fixture = try ExcerptFixture([Clip(name: "long", seconds: 41.7, rate: rate, channels: channels)])
        let cached = try ExcerptFixture.reader(fixture.run())
        let fresh = try ExcerptFixture.reader(fixture.run(keepsMel: false))
        for window in Self.windows(11.7, count: 8, seed: 5) {
            let (from, to) = (window.lowerBound + 30, window.upperBound + 30)
            let kept = try cached.reader.logMel(of: cached.clips[0], from: from, to: to)
            let computed = try fresh.reader.logMel(of: fresh.clips[0], from: from, to: to)
            #expect(kept.values.count == computed.values.count && kept.first == computed.first)
            let worst = zip(kept.values, computed.values).map { abs($0 - $1) }.max() ?? 0
            #expect(worst < 1e-3, "\(worst) at \(window)")
        }
    }

    @Test func framesOfAnotherPipelineServe() throws {
        let fixture = try ExcerptFixture([Clip(name: "a")])
        let cache = try fixture.run()
        let ledger = try cache.reading()
        let scores = try ChunkScores(cache: cache, ledger: ledger, pipeline: nil)
        let mel = try #require(try ledger.stages().first { $0.kind == "mel" })
        #expect(scores.pipeline.stages.contains(mel.id))
        // The scored pipeline no longer has the stage; its rows are still there.
        let pipeline = scores.pipeline
        let writing = try Ledger(path: cache.ledgerPath)
        try writing.put(
            PipelineRecord(
                name: pipeline.name, fingerprint: pipeline.fingerprint, stages: pipeline.stages.filter { $0 != mel.id },
                file: pipeline.file, updated: pipeline.updated, targets: pipeline.targets, settings: pipeline.settings))
        try writing.close()
        let (reader, _, clips) = try ExcerptFixture.reader(cache)
        #expect(try reader.logMel(of: clips[0], from: 1, to: 2).isFromCache)
    }

    // MARK: Curve

    @Test func curveIsOfTheExportedScores() throws {
        var draw = Draw(9)
        let timing = ChunkTiming(rate: 16_000, hop: 4_000, length: 16_000)
        let rows = (0..<300).map { _ in (0..<3).map { _ in draw.share() } }
        let samples = 299 * timing.hop + 9_000
        let folder = try ScoreFolder(
            classes: ["a", "b", "c"], timing: timing,
            [("long", samples, rows), ("one", 3_000, [[0.1, 0.2, 0.3]]), ("failed", 1, nil), ("none", 1, nil)])
        let (reader, scores, clips) = try ExcerptFixture.reader(folder.cache)
        var exported: [[Float]] = []
        try scores.forEach(where: { $0.name == "long" }) { try $0.forEachChunk { exported.append(Array($0)) } }
        let seconds = Double(samples) / 16_000
        for window in Self.windows(seconds, count: 30, seed: 2) {
            for place in 0..<3 {
                let curve = try reader.curve(
                    of: clips[0], class: place, from: window.lowerBound, to: window.upperBound)
                let expected = exported.indices.compactMap { chunk -> CurvePoint? in
                    let (start, end) = (Double(chunk) * 0.25, Double(chunk) * 0.25 + 1)
                    guard start < min(window.upperBound, seconds), end > max(window.lowerBound, 0) else { return nil }
                    return CurvePoint(start: start, end: min(end, seconds), score: exported[chunk][place])
                }
                #expect(curve == expected, "\(window)")
            }
        }
        #expect(try reader.curve(of: clips[1], class: 2, from: 0, to: 9).map(\.score) == [0.3])
        #expect(throws: ExcerptError.self) { try reader.curve(of: clips[0], class: 3, from: 0, to: 1) }
        #expect(kind { _ = try reader.curve(of: clips[0], class: 3, from: 0, to: 1) } == .unknownClass)
        #expect(kind { _ = try reader.curve(of: clips[2], class: 0, from: 0, to: 1) } == .unscored)
    }

    /// Of a recording of many rows only those that are asked for are read: damage elsewhere does not matter, and it is said
    /// that the digest was not compared.
    @Test func fewRowsOfMany() throws {
        let rows = (0..<9_000).map { chunk in (0..<512).map { Float(chunk % 97) / 100 + Float($0) / 100_000 } }
        let folder = try ScoreFolder(
            classes: (0..<512).map { "class \($0)" },
            [("long", 8_999 * 8_000 + 16_000, rows), ("short", 24_000, Array(rows[..<2]))])
        let shard = folder.cache.folder + "/shards/scores-1.npy"
        let (_, scores, clips) = try ExcerptFixture.reader(folder.cache)
        let place = try #require(try scores.place(of: clips[0]))
        let found = try scores.values(place, chunks: 4_000..<4_003, of: clips[0])
        #expect(found.values == Array(rows[4_000..<4_003].joined()) && !found.isChecked)
        let short = try scores.values(try #require(try scores.place(of: clips[1])), chunks: 1..<2, of: clips[1])
        #expect(short.values == rows[1] && short.isChecked)
        try flip(shard, at: 5_000_000)
        let (after, _, _) = try ExcerptFixture.reader(folder.cache)
        #expect(
            try after.curve(of: clips[0], class: 7, from: 2_000, to: 2_000.2).map(\.score) == [
                rows[3_999][7], rows[4_000][7],
            ])
        #expect(try after.curve(of: clips[1], class: 7, from: 0, to: 1).count == 2)
    }

    // MARK: Faults

    private func kind(_ body: () throws -> Void) -> ExcerptError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ExcerptError)?.kind
        }
    }

    private func reason(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ExcerptError)?.reason
        }
    }

    private func flip(_ path: String, at offset: Int) throws {
        let descriptor = open(path, O_RDWR)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        try #require(pread(descriptor, &byte, 1, off_t(offset)) == 1)
        byte ^= 0x10
        try #require(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
    }

    @Test func stretchesThatAreNone() throws {
        let fixture = try ExcerptFixture([Clip(name: "a", seconds: 2)])
        let (reader, _, clips) = try ExcerptFixture.reader(fixture.run())
        for (from, to) in [(1.0, 1.0), (1, 0.5), (2, 3), (-2, -1), (-1, 0), (.nan, 1), (0, .nan)] {
            #expect(kind { _ = try reader.logMel(of: clips[0], from: from, to: to) } == .emptyWindow, "\(from) \(to)")
            #expect(kind { _ = try reader.curve(of: clips[0], class: 0, from: from, to: to) } == .emptyWindow)
            #expect(
                kind { _ = try reader.sound(of: clips[0], from: from, to: to, encoding: .wav) } == .emptyWindow)
        }
        #expect(try reader.logMel(of: clips[0], from: -.infinity, to: .infinity).window == 0..<2)
        let long = try ScoreFolder(classes: ["a"], [("a", 1_400 * 8_000, (0..<1_399).map { _ in [0.5] })])
        let other = try ExcerptFixture.reader(long.cache)
        #expect(kind { _ = try other.reader.curve(of: other.clips[0], class: 0, from: 10, to: 650) } == .tooLong)
    }

    @Test func filesThatAreGoneOrOthers() throws {
        let fixture = try ExcerptFixture([
            Clip(name: "gone"), Clip(name: "changed"), Clip(name: "touched"), Clip(name: "cut"), Clip(name: "rubbish"),
            Clip(name: "ends"),
        ])
        let kept = try fixture.run()
        let fresh = try ExcerptFixture.reader(fixture.run(keepsMel: false))
        let paths = fixture.clips.map(fixture.path)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: paths[0])[.size] as? Int)
        try #require(unlink(paths[0]) == 0)
        // As long as before, with another sample.
        try flip(paths[1], at: 5_000)
        try #require(utimes(paths[1], [timeval(tv_sec: 5, tv_usec: 0), timeval(tv_sec: 5, tv_usec: 0)]) == 0)
        try #require(utimes(paths[2], [timeval(tv_sec: 5, tv_usec: 0), timeval(tv_sec: 5, tv_usec: 0)]) == 0)
        try #require(truncate(paths[3], off_t(size / 2)) == 0)
        for (path, isWhole) in [(paths[4], false), (paths[5], true)] {
            // Of the same size and time, so that only decoding tells.
            var status = stat()
            try #require(stat(path, &status) == 0)
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            // The size of the samples, which the header then says to be half of what it was.
            let half = UInt32((size - 44) / 2)
            if isWhole {
                for place in 0..<4 { bytes[40 + place] = UInt8(truncatingIfNeeded: half >> UInt32(8 * place)) }
            } else {
                bytes = [UInt8](repeating: 0x5A, count: size)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            var times = [status.st_atim, status.st_mtim]
            try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
        }
        let (reader, clips) = (fresh.reader, fresh.clips)
        for encoding in SoundEncoding.allCases {
            func sound(_ place: Int, _ from: Double = 1, _ to: Double = 2) -> String? {
                reason { _ = try reader.sound(of: clips[place], from: from, to: to, encoding: encoding) }
            }
            #expect(sound(0) == "gone")
            #expect(sound(1) == "changed since it was read")
            #expect(sound(2) == nil)
            #expect(sound(3) == "changed since it was read")
            #expect(sound(4)?.hasPrefix("cannot be decoded: ") == true)
            #expect(sound(5, 0, 1) == nil)
            #expect(sound(5, 1, 2)?.hasPrefix("cannot be decoded: ") == true)
        }
        func frames(_ place: Int) -> ExcerptError.Kind? {
            kind { _ = try reader.logMel(of: clips[place], from: 1, to: 2) }
        }
        #expect((0..<5).map(frames) == [.gone, .changed, nil, .changed, .undecodable])
        // What is in the cache is shown without the file.
        let cached = try ExcerptFixture.reader(kept)
        for clip in cached.clips { #expect(try cached.reader.logMel(of: clip, from: 1, to: 2).isFromCache) }
        #expect(kind { _ = try cached.reader.sound(of: cached.clips[0], from: 1, to: 2, encoding: .flac) } == .gone)
    }

    @Test(arguments: ["mel", "scores"]) func damagedRows(kind name: String) throws {
        let fixture = try ExcerptFixture([Clip(name: "a"), Clip(name: "b")])
        let cache = try fixture.run()
        let files = try FileManager.default.contentsOfDirectory(atPath: cache.folder + "/shards")
        for file in files where file.hasPrefix(name + "-") && file.hasSuffix(".npy") {
            let path = cache.folder + "/shards/" + file
            let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            try flip(path, at: size - 1)
        }
        let (reader, _, clips) = try ExcerptFixture.reader(cache)
        let kinds = clips.map { clip in
            kind {
                if name == "mel" {
                    _ = try reader.logMel(of: clip, from: 0, to: 1)
                } else {
                    _ = try reader.curve(of: clip, class: 0, from: 0, to: 1)
                }
            }
        }
        #expect(kinds.contains(.damaged), "\(files)")
        for file in files where file.hasPrefix(name + "-") { unlink(cache.folder + "/shards/" + file) }
        let (again, _, _) = try ExcerptFixture.reader(cache)
        #expect(
            kind {
                _ =
                    name == "mel"
                    ? try again.logMel(of: clips[0], from: 0, to: 1).frames
                    : try again.curve(of: clips[0], class: 0, from: 0, to: 1).count
            } == .damaged)
    }
}
