import Errors
import Cache
import Corpora
import Foundation
import Ledger
import Pipeline
import Sessions
import Wording

/// Runs one part of a manifest.
struct WorkFlow {
    let work: WorkOptions
    let part: Int
    let parts: Int
    let workers: Int
    let decodeLimit: Int
    /// Whether the plan must be there already.
    let isPlanned: Bool
    let quiet: Bool
    let json: Bool

    /// Runs the part.
    ///
    /// - Returns: the exit status.
    /// - Throws: what `PartPlanner.plan` and `RunFlow.run` throw; `CacheError` if the part was computed from something
    ///   else.
    func run() throws -> Int32 {
        try SystemLimits.require()
        // Before anything else: a scheduler may warn while a large manifest is still being read.
        let stop = StopSignal()
        let trap = SignalTrap(stop, second: .isForBatchJob)
        defer { withExtendedLifetime(trap) {} }
        let (pipeline, manifest) = try work.load(quiet: quiet)
        let cache = work.cache.value
        let planner = PartPlanner(pipeline, manifest, cache: cache, parts: parts)
        let found = try planner.plan(isPlanned ? .refuse : .make(again: false), stop: stop) { error in
            say("earmark: waiting for the plan of the parts: \(error)")
        }
        guard let plan = found else {
            say("interrupted before the plan of the parts was made; the same command begins again")
            return Status.tryAgain
        }
        let folder = PartFolder(cache)
        try folder.removeMerged(plan, parts: [part])
        let rows = plan.rows(of: part)
        guard !rows.isEmpty else {
            tellNothing(plan)
            return 0
        }
        let own = folder.part(part, of: parts)
        let clips = try plan.clips(of: manifest).part(rows: rows)
        let (progress, lock) = try begin(own, plan)
        return try run(
            RunFlow.OwnCache(
                pipeline: pipeline, manifest: clips, cache: own, shardTag: PartFolder.tag(part: part, plan: plan),
                stop: stop, progress: progress, lock: lock))
    }

    /// Says whose part the cache is, in the cache itself.
    ///
    /// - Returns: what keeps that up to date, and the part's lock: a part that says that it is being worked on, and whose
    ///   lock is free, counts as killed.
    private func begin(_ own: CacheFolder, _ plan: PartPlan) throws -> (PartProgress, CacheLock) {
        let isNew = !own.exists
        try own.make()
        // Another process may be working on the part; what it says of itself must stay.
        let lock = try CacheLock(folder: own.folder)
        try ClockCheck.require(in: own.folder)
        let state = PartState(plan: plan, part: part)
        if let before = try PartState.read(own) {
            try before.require(plan, in: own)
        } else if !isNew {
            throw CacheError(
                .badInput, path: own.folder,
                "it has a ledger but no part.json, expected the cache of part \(part); remove it to do the part anew")
        }
        try state.write(own)
        return (PartProgress(state, in: own), lock)
    }

    private func run(_ own: RunFlow.OwnCache) throws -> Int32 {
        // Released only when the part has said how it ended.
        defer { withExtendedLifetime(own.lock) {} }
        do {
            let status = try RunFlow(
                work: work, workers: workers, quiet: quiet, json: json, decodeLimit: decodeLimit, isManifestTold: false,
                ownCache: own
            ).run()
            own.progress.end(status == Status.tryAgain ? .interrupted : .done)
            return status
        } catch {
            own.progress.end(.fault, fault: "\(error)")
            throw error
        }
    }

    private func tellNothing(_ plan: PartPlan) {
        if json {
            print(
                #"{"event":"end","clips":0,"done_now":0,"failed":0,"missing":0,"interrupted":false,"part":\#(part)}"#)
        } else {
            sayWrapped(
                plan.isFinished && !plan.merged.isEmpty
                    ? "nothing to do: all parts are merged; 'earmark submit', or a run of the pipeline, does what is new"
                    : "nothing to do: part \(part) of \(parts) has no clips")
        }
    }
}
