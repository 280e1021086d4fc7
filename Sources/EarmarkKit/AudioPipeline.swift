import Cache
import Foundation
import Pipeline
import Sessions
import Stages

/// A pipeline, ready to be planned and run: what becomes of a recording, stage by stage.
public struct AudioPipeline: Sendable {
    private let loaded: LoadedPipeline

    /// Reads a pipeline and the models that it uses.
    ///
    /// - Parameters:
    ///   - path: a YAML file. Paths in it start from its folder.
    ///   - settings: parameters in place of the file's, by stage and key: `["infer.model": "yamnet.safetensors"]`. Paths
    ///     among them start from the working folder.
    /// - Throws: ``EarmarkKitError`` with the line where the pipeline or a setting is none that can be run.
    public init(path: String, settings: [String: String] = [:]) throws(EarmarkKitError) {
        let sets = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        loaded = try EarmarkKitError.translating { try PipelineLoader.load(path: path, sets: sets) }
    }

    /// The name that its results have in a cache.
    public var name: String { loaded.graph.name }

    /// Its stages' names, each behind those that it takes its input from.
    public var stages: [String] { loaded.graph.nodes.map(\.name) }

    /// Says what ``run(_:into:workers:checkingContent:decodeLimit:progress:)`` would do and why. Changes nothing; the cache
    /// need not exist.
    ///
    /// - Parameters:
    ///   - clips: what is to be done.
    ///   - cache: what is done already; an empty one where there is none.
    ///   - checkingContent: reads every file. Otherwise one whose size and modification time are what they were counts as
    ///     unchanged; where one differs, its content decides.
    /// - Returns: how many clips have work to do, why, and which stages run.
    /// - Throws: ``EarmarkKitError`` where the cache cannot be read.
    public func plan(
        _ clips: ClipList, into cache: FeatureCache, checkingContent: Bool = false
    ) throws(EarmarkKitError) -> PipelinePlan {
        try EarmarkKitError.translating {
            let ledger = cache.exists ? try cache.cacheFolder.reading() : nil
            let known = try Reconciler(
                manifest: clips.manifest, graph: loaded.graph, ledger: ledger, readsContent: checkingContent)
            let plan = Plan(graph: loaded.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
            let changed = try ledger.flatMap {
                try ChangedSettings(graph: loaded.graph, plan: plan, ids: known.ids, ledger: $0)
            }
            return PipelinePlan(plan, changed: changed)
        }
    }

    /// Does what is not done yet, on threads of its own, and returns when all of it is durable. The clips of the cache
    /// become those of the list; rows of others are kept.
    ///
    /// Cancelling the task ends the run in order: what is done by then is kept, ``RunSummary/wasInterrupted`` is true,
    /// and the same call goes on from there. One run at a time may write to a cache.
    ///
    /// - Parameters:
    ///   - clips: what is to be done, the clips' names being theirs in the cache.
    ///   - cache: made where it does not exist.
    ///   - workers: threads that each take clip after clip; nil for one a processor.
    ///   - checkingContent: see ``plan(_:into:checkingContent:)``.
    ///   - decodeLimit: seconds that decoding a clip may take beyond the clip's own length before it is given up.
    ///   - progress: told several times a second and once at the end, never twice at a time, on a thread of the run; the
    ///     run waits for it.
    /// - Returns: what was done and what failed.
    /// - Throws: ``EarmarkKitError``: of category `tryAgain` where another run has the cache or space ran out. A clip that
    ///   cannot be done is no error: see ``RunSummary/failures``.
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
                // A thread, not a task: the run blocks it, and tasks must not block the few threads that they share.
                let thread = Thread { continuation.resume(returning: run.result()) }
                thread.name = "earmark run"
                thread.start()
            }
        } onCancel: {
            run.stop.raise()
        }.get()
    }
}
