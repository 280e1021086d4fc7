import EarmarkKit
import Foundation
import Synchronization
import Testing

/// A run whose task is cancelled ends in order, and another one goes on from there.
struct CancellationTests {
    private func scores(_ cache: FeatureCache) throws -> [String: [Float]] {
        var found: [String: [Float]] = [:]
        try cache.results().forEachClip { found[$0] = $1.values }
        return found
    }

    @Test("A task that is cancelled before it begins does nothing and leaves a cache to go on with")
    func before() async throws {
        let corpus = try MadeCorpus(clips: 4)
        let (clips, cache) = (try corpus.list(), corpus.cache())
        let pipeline = try AudioPipeline(path: MadeCorpus.label)
        let task = Task {
            // Waits for the cancellation, whichever comes first.
            while !Task.isCancelled { await Task.yield() }
            return try await pipeline.run(clips, into: cache)
        }
        task.cancel()
        let stopped = try await task.value
        #expect(stopped.wasInterrupted && stopped.done == 0 && stopped.pending == 4)
        let rest = try await pipeline.run(clips, into: cache)
        #expect(!rest.wasInterrupted && rest.done == 4 && rest.pending == 0)
    }

    @Test("What is durable when the task is cancelled is kept, and the whole comes out as without it")
    func midway() async throws {
        let corpus = try MadeCorpus(clips: 24)
        let (clips, cache) = (try corpus.list(), corpus.cache())
        let pipeline = try AudioPipeline(path: MadeCorpus.label)
        let handle = Mutex<Task<RunSummary, any Error>?>(nil)
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in gate {}
            return try await pipeline.run(clips, into: cache, workers: 1) { progress in
                if progress.done > 0 { handle.withLock { $0?.cancel() } }
            }
        }
        handle.withLock { $0 = task }
        opener.finish()
        let stopped = try await task.value
        #expect(stopped.wasInterrupted && stopped.done > 0 && stopped.failures.isEmpty)
        #expect(stopped.done + stopped.pending == 24)
        #expect(try cache.counts().done == stopped.done)
        let rest = try await pipeline.run(clips, into: cache, workers: 2)
        #expect(rest.doneBefore == stopped.done && rest.done == 24 - stopped.done && !rest.wasInterrupted)
        let whole = corpus.cache("whole")
        _ = try await pipeline.run(clips, into: whole, workers: 2)
        #expect(try scores(cache) == scores(whole))
        #expect(try scores(cache).count == 24)
    }
}
