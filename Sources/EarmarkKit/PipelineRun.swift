import Cache
import Dispatch
import Pipeline
import Sessions
import Stages
import Synchronization

/// One run, from locking the cache to the summary.
struct PipelineRun: Sendable {
    let pipeline: LoadedPipeline
    let clips: ClipList
    let cache: CacheFolder
    let workers: Int
    let checkingContent: Bool
    let decodeLimit: Int
    let progress: @Sendable (RunProgress) -> Void
    let stop = StopSignal()

    /// Carries out the run on the current thread.
    func result() -> Result<RunSummary, EarmarkKitError> {
        Result { () throws(EarmarkKitError) in try EarmarkKitError.translating(carryOut) }
    }

    private func carryOut() throws -> RunSummary {
        let session = try RunSession(pipeline: pipeline, manifest: clips.manifest, cache: cache)
        defer { try? session.close() }
        let plan = try session.plan(readsContent: checkingContent)
        let changed = try session.changedSettings(plan)
        let teller = Teller(
            total: plan.pending,
            audio: Pipeline.RunProgress(clips: plan.pending, bytes: session.pendingBytes(plan)), tell: progress)
        teller.start()
        defer { teller.finish() }
        let report = try session.run(
            plan, workers: workers, stop: stop, decodeLimit: decodeLimit, progress: teller.audio
        ) { teller.add($0) }
        return RunSummary(report, failures: try session.failures().map(FailedClip.init), changed: changed)
    }
}

/// Reports progress whenever clips become durable, and a few times a second in between.
private final class Teller: Sendable {
    private static let interval = DispatchTimeInterval.milliseconds(250)

    let audio: Pipeline.RunProgress
    private let total: Int
    private let tell: @Sendable (RunProgress) -> Void
    private let counts = Mutex((done: 0, failed: 0))
    /// The queue that serialises the calls of `tell`.
    private let queue = DispatchQueue(label: "earmark progress")
    private let isOver = Mutex(false)

    init(total: Int, audio: Pipeline.RunProgress, tell: @escaping @Sendable (RunProgress) -> Void) {
        self.total = total
        self.audio = audio
        self.tell = tell
    }

    func start() { wait() }

    private func wait() {
        queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in
            guard let self, !isOver.withLock({ $0 }) else { return }
            tell(reading)
            wait()
        }
    }

    /// Counts clips that became durable, reports, and waits until the report has been handled.
    func add(_ outcomes: [Outcome]) {
        counts.withLock { counts in
            for outcome in outcomes {
                if outcome.failure == nil { counts.done += 1 } else { counts.failed += 1 }
            }
        }
        queue.sync { tell(reading) }
    }

    /// Reports for the last time.
    func finish() {
        queue.sync {
            isOver.withLock { $0 = true }
            tell(reading)
        }
    }

    private var reading: RunProgress {
        let (counts, audio) = (counts.withLock { $0 }, audio.reading)
        return RunProgress(
            done: counts.done, failed: counts.failed, total: total, seconds: audio.heard, expectedSeconds: audio.total)
    }
}
