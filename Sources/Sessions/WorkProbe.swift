import Audio
import Cache
import Corpora
import Foundation
import Ledger
import Pipeline
import Stages

/// Runs a few clips of a plan through their stages and stores nothing, to measure the speed.
///
/// Uses one worker and the same operators as a run, in a separate thread, so that a decoder that does not return can be
/// abandoned.
struct WorkProbe: Sendable {
    /// What was measured.
    struct Outcome: Sendable {
        /// Clips that were begun, whether or not they were finished.
        var clips = 0
        /// Seconds of audio processed.
        var audio = 0.0
        /// Seconds that this took.
        var seconds = 0.0
    }

    /// How many clips of one route are tried.
    static let clipsTried = 8
    /// Seconds to wait for the thread beyond its time limit.
    private static let patience = 2.0

    let pipeline: LoadedPipeline
    let manifest: Manifest
    let cache: CacheFolder
    /// nil if there is no cache yet.
    let ledger: Ledger?

    /// Tries clips of one route.
    ///
    /// - Parameters:
    ///   - rows: the clips' rows in the manifest.
    ///   - ids: ledger ids of all clips of the manifest, by row.
    ///   - seconds: time limit.
    /// - Returns: nil if nothing was processed in that time, or a stage failed.
    func run(_ plan: Plan, route: Route, rows: [Int], ids: [Int64], seconds: Double) -> Outcome? {
        let result = Shared()
        let stop = StopSignal()
        let thread = Thread {
            let outcome = try? measure(plan, route, rows, ids, seconds, stop)
            result.finish(outcome)
        }
        thread.name = "probe"
        thread.stackSize = 8 << 20
        thread.start()
        guard result.wait(seconds: seconds + Self.patience) else {
            stop.raise()
            return nil
        }
        return result.outcome.flatMap { $0.audio > 0 && $0.seconds > 0 ? $0 : nil }
    }

    private func measure(
        _ plan: Plan, _ route: Route, _ rows: [Int], _ ids: [Int64], _ limit: Double, _ stop: StopSignal
    ) throws -> Outcome {
        var stageIDs: [String: Int64] = [:]
        for node in plan.graph.nodes where node.persists {
            stageIDs[node.name] = try ledger?.knownStageID(fingerprint: node.fingerprint.hex)
        }
        let factory = StageFactory(pipeline: pipeline, cache: cache.folder, ledger: ledger, stageIDs: stageIDs) {
            _, kind, dtype in DiscardingAppender(kind: kind, dtype: dtype)
        }
        let chain = try Chain(graph: plan.graph, factory: factory, worker: 0)
        var outcome = Outcome()
        var jobs: [ClipJob] = []
        // Weights and tables are loaded by now: a run loads them only once, so this does not count.
        let watch = Stopwatch()
        for row in rows where watch.seconds < limit && !stop.isRaised {
            let entry = manifest.entry(row)
            let job = ClipJob(
                index: row, id: ids[row], name: entry.clip, path: entry.path, part: entry.part?.text, route: route)
            jobs.append(job)
            outcome.clips += 1
            let isWhole = try chain.process(job) { watch.seconds >= limit || stop.isRaised }
            _ = try chain.takeEnded()
            if !isWhole { break }
        }
        try chain.flush()
        outcome.seconds = watch.seconds
        outcome.audio = jobs.reduce(0) { $0 + $1.seconds }
        return outcome
    }

    /// The result that the thread hands over.
    private final class Shared: @unchecked Sendable {
        private let condition = MonotonicCondition()
        private var isOver = false
        private(set) var outcome: Outcome?

        func finish(_ outcome: Outcome?) {
            condition.lock()
            self.outcome = outcome
            isOver = true
            condition.broadcast()
            condition.unlock()
        }

        /// Waits for the result.
        ///
        /// - Returns: false if time ran out first.
        func wait(seconds: Double) -> Bool {
            condition.lock()
            defer { condition.unlock() }
            let watch = Stopwatch()
            while !isOver, watch.seconds < seconds { _ = condition.wait(seconds: max(0.001, seconds - watch.seconds)) }
            return isOver
        }
    }
}
