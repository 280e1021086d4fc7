import Cache
import Evaluation
import Results
import Testing

/// Where examples are looked for in their recordings, by a cache of made-up scores.
@Suite struct ExampleWindowTests {
    /// The window of a class whose chunks of a second, half a second apart, have the given scores; the threshold is 0.6.
    private func window(_ scores: [Float], samples: Int = .max) -> ClosedRange<Double>? {
        let key = ExampleWindows.Key(clip: 7, classIndex: 1)
        var windows = ExampleWindows([key], thresholds: [0.1, 0.6])
        windows.begin(clip: 3)
        [Float](arrayLiteral: 1, 1).withUnsafeBufferPointer { windows.add($0, 0..<100) }
        windows.begin(clip: 7)
        for (chunk, score) in scores.enumerated() {
            // The other class is loud throughout, and not asked for.
            [1, score].withUnsafeBufferPointer {
                windows.add($0, chunk * 50..<max(chunk * 50, min(chunk * 50 + 100, samples)))
            }
        }
        windows.end()
        #expect(windows.window(.init(clip: 3, classIndex: 1), rate: 100) == nil)
        return windows.window(key, rate: 100)
    }

    @Test func windowsByHand() {
        // The best chunk alone reaches half the threshold: 1 to 2 s, and half a second more on both sides.
        #expect(window([0, 0.1, 0.9, 0.1, 0, 0]) == 0.5...2.5)
        // Its neighbours do too, up to the first that does not; a later run is another one.
        #expect(window([0, 0.1, 0.3, 0.9, 0.3, 0.2, 0.8]) == 0.5...3.5)
        // Of a class that is nowhere heard: the best chunk.
        #expect(window([0, 0, 0, 0, 0.1, 0]) == 1.5...3.5)
        // Not before the recording's start. The end is cut by the reader, who knows the recording.
        #expect(window([0.9, 0.4, 0]) == 0...2)
        // The first of equal scores; a run that goes on after it belongs to it.
        #expect(window([0, 0, 0, 0.5, 0.5, 0, 0.5]) == 1...3.5)
        // Over five seconds: the best chunk in the middle, or as near to it as the run allows.
        let long = [Float](repeating: 0.4, count: 30)
        var middle = long
        middle[14] = 0.9
        #expect(window(middle) == 5...10)
        var first = long
        first[0] = 0.9
        #expect(window(first) == 0...5)
        var last = long
        last[29] = 0.9
        #expect(window(last) == 11...16)
        #expect(window([]) == nil)
        // Chunks at the end of a recording are cut at it.
        #expect(window([0, 0, 0.9], samples: 150) == 0.5...2)
    }

    /// The page's examples with no recordings to be had: each names the clip and what is missing.
    @Test func recordingsThatAreGoneAreNamedWhereTheyWouldStand() throws {
        let loud: [Float] = [0.9, 0.1]
        let quiet: [Float] = [0.1, 0.05]
        let folder = try ScoreFolder(
            classes: ["Dog", "Cat"],
            [
                (name: "a", samples: 40_000, scores: [quiet, loud, loud, quiet]),
                (name: "b", samples: 40_000, scores: [quiet, quiet, quiet, quiet]),
                (name: "lost", samples: 40_000, scores: nil), (name: "failed", samples: 40_000, scores: nil),
            ])
        let content = try StatisticsBuilder(cache: folder.cache, pipeline: nil).content(
            truth: nil, thresholds: ClassThresholds(fallback: 0.4), examples: ExampleSettings(perClass: 1))
        #expect(content.failures.map(\.clip) == ["failed"])
        #expect(content.clips.values.map(\.name).sorted() == ["a", "b"])
        let excerpts = try #require(content.excerpts)
        #expect(excerpts.counts.shown == 0 && excerpts.leftOut == 0 && excerpts.bytes == 0)
        let page = ReportPage(content).html()
        #expect(page.contains("No picture and no sound: gone."))
        #expect(page.contains("Clips not processed") && page.contains("made up"))
        #expect(
            content.summary
                == (try StatisticsBuilder(cache: folder.cache, pipeline: nil).report(
                    truth: nil, thresholds: ClassThresholds(fallback: 0.4))))
    }
}
