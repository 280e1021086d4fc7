import Cache
import EarmarkKit
import Foundation
import Results
import Synchronization
import Testing

/// A pipeline from its plan to what is read back.
struct PipelineRunTests {
    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    @Test("A plan says what a run then does; progress comes to the run's own counts; a second run has nothing to do")
    func planAndRun() async throws {
        let corpus = try MadeCorpus(clips: 6)
        corpus.add("words", path: try corpus.put("words.wav", "no audio at all"))
        corpus.add("gone", path: corpus.folder + "/gone.wav")
        let (clips, cache) = (try corpus.list(), corpus.cache())
        let pipeline = try AudioPipeline(path: MadeCorpus.label)
        #expect(pipeline.name == "label" && pipeline.stages.first == "decode")

        let plan = try pipeline.plan(clips, into: cache)
        #expect(plan.clips == 8 && plan.pending == 8 && plan.reasons[.new] == 8 && plan.missing == 1)
        #expect(plan.reasons.values.reduce(0, +) == 8 && plan.changedSettings == nil)
        #expect(plan.steps.map(\.clips) == [8] && plan.steps[0].runs == pipeline.stages && plan.steps[0].reads.isEmpty)
        #expect(!cache.exists && !FileManager.default.fileExists(atPath: cache.folder))

        let told = Mutex<[RunProgress]>([])
        let summary = try await pipeline.run(clips, into: cache, workers: 2) { progress in
            told.withLock { $0.append(progress) }
        }
        #expect(summary.clips == 8 && summary.done == 6 && summary.doneBefore == 0 && summary.pending == 0)
        #expect(!summary.wasInterrupted && summary.failures.map(\.name) == ["words", "gone"])
        #expect(summary.failures.map(\.failureClass) == ["unsupported", "unreadable"], "\(summary.failures)")
        #expect(summary.failures.allSatisfy { !$0.reason.isEmpty && $0.path.hasPrefix("/") })
        #expect(summary.failuresByClass["unreadable"]?.map(\.name) == ["gone"])
        let steps = told.withLock { $0 }
        let last = try #require(steps.last)
        #expect(last.done == 6 && last.failed == 2 && last.total == 8)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.done + $0.failed <= $1.done + $1.failed })
        let seconds = try corpus.clips.prefix(6).reduce(0.0) {
            let samples = try corpus.samples(of: $1.path)
            return $0 + Double(samples.values.count) / Double(samples.rate)
        }
        #expect(abs(last.seconds - seconds) < 0.1)

        let counts = try cache.counts()
        #expect(counts.clips == 8 && counts.done == 6 && counts.failed == 2 && counts.pending == 0)
        #expect(try cache.failures() == summary.failures && cache.pipelines() == ["label"])
        let again = try pipeline.plan(clips, into: cache)
        #expect(again.pending == 0 && again.done == 6 && again.failed == 2 && again.steps.isEmpty)
        let second = try await pipeline.run(clips, into: cache)
        #expect(second.done == 0 && second.doneBefore == 6 && second.failures == summary.failures)
    }

    @Test("Other settings do clips again from the cache, and the plan says which settings they are")
    func settings() async throws {
        let corpus = try MadeCorpus(clips: 3)
        let (clips, cache) = (try corpus.list(), corpus.cache())
        _ = try await AudioPipeline(path: MadeCorpus.label).run(clips, into: cache)
        let other = try AudioPipeline(
            path: MadeCorpus.label, settings: ["clip-scores.method": "max", "infer.batch": "7"])
        let plan = try other.plan(clips, into: cache)
        #expect(plan.reasons[.incomplete] == 3 && plan.steps.map(\.reads) == [["scores-cache"]], "\(plan)")
        #expect(plan.changedSettings?.contains("clip-scores.method was mean, is now max") == true)
        let summary = try await other.run(clips, into: cache)
        #expect(summary.done == 3 && summary.notes.contains { $0.contains("clip-scores.method was mean") })
        let results = try cache.results()
        for clip in corpus.clips {
            let rows = try #require(try results.chunkScores(of: clip.name)).rows
            let most = (0..<rows.columns).map { column in (0..<rows.count).map { rows[$0][column] }.max() }
            #expect(try results.scores(of: clip.name)?.values == most)
        }
    }

    @Test("A clip of which no chunk is heard has no scores, and says so")
    func skipped() async throws {
        let corpus = try MadeCorpus(clips: 2)
        // Nothing is above full scale.
        let pipeline = try AudioPipeline(path: MadeCorpus.label, settings: ["chunk.skip-below": "0"])
        let summary = try await pipeline.run(try corpus.list(), into: corpus.cache())
        #expect(summary.done == 2 && summary.failures.isEmpty)
        let results = try corpus.cache().results()
        for clip in corpus.clips {
            let scores = try #require(try results.scores(of: clip.name))
            #expect(scores.isSkipped && scores.top(3).isEmpty && scores.values.allSatisfy(\.isNaN))
            let chunks = try #require(try results.chunkScores(of: clip.name))
            #expect(chunks[0].isSkipped && chunks.mean.isSkipped)
        }
    }

    @Test("What is read is what is exported, and a clip's scores are the mean of its chunks'")
    func results() async throws {
        let corpus = try MadeCorpus(clips: 6)
        corpus.add("words", path: try corpus.put("words.wav", "no audio at all"))
        let cache = corpus.cache()
        _ = try await AudioPipeline(path: MadeCorpus.label).run(try corpus.list(), into: cache)
        let exported = corpus.folder + "/scores.csv"
        _ = try Exporter(cache: CacheFolder(folder: cache.folder), pipeline: nil).scores(.csv, to: exported)
        var lines = try String(contentsOfFile: exported, encoding: .utf8).split(separator: "\n").map(String.init)

        let results = try cache.results(of: "label")
        #expect(results.pipeline == "label")
        #expect(try results.clipNames() == corpus.clips.map(\.name))
        var table = ["clip," + results.classes.joined(separator: ",")]
        try results.forEachClip { name, scores in
            #expect(scores.classes == results.classes)
            table.append(([name] + scores.values.map(\.description)).joined(separator: ","))
        }
        #expect(table == lines)
        lines.removeFirst()
        for (clip, line) in zip(corpus.clips, lines) {
            let scores = try #require(try results.scores(of: clip.name))
            #expect(line == ([clip.name] + scores.values.map(\.description)).joined(separator: ","))
            let chunks = try #require(try results.chunkScores(of: clip.name))
            #expect(bits(chunks.mean.values) == bits(scores.values))
            #expect(chunks.duration == 1 && chunks.startTime(of: 0) == 0 && chunks.startTime(of: 3) == 1.5)
            // Chunks of one second, half a second apart, up to the first that reaches the clip's end.
            let samples = try #require(chunks.rows.clipSamples)
            var needed = 1
            while (needed - 1) * 8000 + 16_000 < samples { needed += 1 }
            #expect(chunks.count == needed)
            let top = scores.top(3)
            #expect(top.count == 3 && top[0].score == scores.values.max() && scores[top[1].label] == top[1].score)
            #expect(top[0].score >= top[1].score && top[1].score >= top[2].score)
        }
        #expect(try results.scores(of: "words") == nil && results.melFrames(of: "words") == nil)
    }

    @Test("Frames and samples are those of the cache's NumPy files, and frames are the file's own, not a copy")
    func features() async throws {
        let corpus = try MadeCorpus(clips: 4)
        let cache = corpus.cache()
        _ = try await AudioPipeline(path: MadeCorpus.label).run(try corpus.list(), into: cache, workers: 1)
        let results = try cache.results()
        let index = try String(contentsOfFile: cache.folder + "/shards/index.csv", encoding: .utf8)
        let rows = index.split(separator: "\n").dropFirst().map { $0.split(separator: ",").map(String.init) }
        var seen = 0
        for row in rows where ["mel", "raw"].contains(row[1]) {
            let isMel = row[1] == "mel"
            let found = try #require(
                isMel ? try results.melFrames(of: row[0]) : try results.samples(of: row[0]))
            let (first, count) = (try #require(Int(row[3])), try #require(Int(row[4])))
            #expect(found.count == count && found.columns == (isMel ? 64 : 1))
            #expect(found.format == (isMel ? .float32 : .int16))
            #expect(found.sampleRate == 16_000 && found.startTime(of: 100) == (isMel ? 1.0 : 1 / 160.0))
            // The header of a shard is 128 bytes.
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: cache.folder + "/" + row[2])))
            let size = isMel ? 64 * 4 : 2
            let bytes = Array(file[128 + first * size..<128 + (first + count) * size])
            let expected: [Float] = bytes.withUnsafeBytes { raw in
                isMel
                    ? (0..<count * 64).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
                    : (0..<count).map { Float(raw.loadUnaligned(fromByteOffset: $0 * 2, as: Int16.self)) / 32_768 }
            }
            #expect(bits(found.values) == bits(expected))
            #expect(found[count - 1] == Array(expected.suffix(found.columns)))
            let part = found.withUnsafeValues(2..<5) { Array($0) }
            #expect(part == Array(expected[2 * found.columns..<5 * found.columns]))
            if isMel {
                let address = found.withUnsafeValues { UInt(bitPattern: $0.baseAddress) }
                #expect(found.withUnsafeValues(3..<4) { UInt(bitPattern: $0.baseAddress) } == address + 3 * 256)
            }
            seen += 1
        }
        #expect(seen == 8)
    }
}
