import Cache
import Corpora
import Foundation
import Pipeline
import Sessions
import Stages

/// A pipeline, ready to be planned and run: the stages that every recording passes through.
public struct AudioPipeline: Sendable {
    private let loaded: LoadedPipeline

    /// Reads a pipeline and the models that it uses.
    ///
    /// - Parameters:
    ///   - path: a YAML file. Relative paths in it start from its folder.
    ///   - settings: parameters that replace the file's, by stage and key: `["infer.model": "yamnet.safetensors"]`.
    ///     Relative paths among them start from the working folder.
    /// - Throws: ``EarmarkKitError``, with the line, if the pipeline or a setting is not valid.
    public init(path: String, settings: [String: String] = [:]) throws(EarmarkKitError) {
        let sets = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        loaded = try EarmarkKitError.translating { try PipelineLoader.load(path: path, sets: sets) }
    }

    /// The pipeline's name, under which a cache keeps its results.
    public var name: String { loaded.graph.name }

    /// The names of the stages; each follows the stages that it takes its input from.
    public var stages: [String] { loaded.graph.nodes.map(\.name) }

    /// Determines what ``run(_:into:workers:checkingContent:decodeLimit:progress:)`` would do, and why. Changes
    /// nothing; the cache need not exist.
    ///
    /// - Parameters:
    ///   - clips: the clips to process.
    ///   - cache: the cache with the results so far; one that does not exist counts as empty.
    ///   - checkingContent: whether to read every file. If false, a file whose size and modification time have not
    ///     changed counts as unchanged. If only the time has changed, the file's content decides.
    /// - Returns: how many clips have work to do, why, and which stages run.
    /// - Throws: ``EarmarkKitError`` if the cache cannot be read.
    public func plan(
        _ clips: ClipList, into cache: FeatureCache, checkingContent: Bool = false
    ) throws(EarmarkKitError) -> PipelinePlan {
        try EarmarkKitError.translating {
            let ledger = cache.exists ? try cache.cacheFolder.reading() : nil
            let known = try Reconciler(
                manifest: clips.manifest.countingChannels(stream: loaded.graph.audioStream), graph: loaded.graph,
                ledger: ledger,
                readsContent: checkingContent)
            let plan = Plan(graph: loaded.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
            let changed = try ledger.flatMap {
                try ChangedSettings(graph: loaded.graph, plan: plan, ids: known.ids, ledger: $0)
            }
            return PipelinePlan(plan, changed: changed)
        }
    }

    /// Does the work that is not done yet, on threads of its own, and returns when all results are durable. The list
    /// replaces the cache's list of clips; rows of other clips are kept.
    ///
    /// Cancelling the task ends the run cleanly: everything done so far is kept, ``RunSummary/wasInterrupted`` is true,
    /// and the same call continues from there. Only one run at a time may write to a cache.
    ///
    /// - Parameters:
    ///   - clips: the clips to process; the cache identifies them by name.
    ///   - cache: created if it does not exist.
    ///   - workers: the number of threads, each of which processes one clip at a time; nil for one per processor.
    ///   - checkingContent: see ``plan(_:into:checkingContent:)``.
    ///   - decodeLimit: how many seconds longer than the clip itself decoding may take before the clip is abandoned.
    ///   - progress: called several times a second and once at the end, never concurrently, on a background thread; the
    ///     run waits for it.
    /// - Returns: what was done and what failed.
    /// - Throws: ``EarmarkKitError``, of category `tryAgain` if another run is using the cache or space has run out. A
    ///   clip that cannot be processed is not an error: see ``RunSummary/failures``.
    public func run(
        _ clips: ClipList, into cache: FeatureCache, workers: Int? = nil, checkingContent: Bool = false,
        decodeLimit: Int = 30, progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) async throws(EarmarkKitError) -> RunSummary {
        let workers = workers ?? ProcessInfo.processInfo.activeProcessorCount
        guard (1...1024).contains(workers), (1...1_000_000).contains(decodeLimit) else {
            throw EarmarkKitError(
                .usage,
                "found \(workers) workers and a decode limit of \(decodeLimit) s, expected 1 to 1024 and 1 to 1000000")
        }
        let run = PipelineRun(
            pipeline: loaded, clips: clips, cache: cache.cacheFolder, workers: workers,
            checkingContent: checkingContent, decodeLimit: decodeLimit, progress: progress)
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A thread instead of a task: the run blocks it, and tasks must not block the few threads that they
                // share.
                let thread = Thread { continuation.resume(returning: run.result()) }
                thread.name = "earmark run"
                thread.start()
            }
        } onCancel: {
            run.stop.raise()
        }.get()
    }
}
