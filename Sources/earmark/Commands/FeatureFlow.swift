import ArgumentParser
import Cache
import Foundation
import Pipeline
import Sessions
import Stages

/// Makes sure that a cache holds the features of a manifest's clips, before something is trained or evaluated on them.
struct FeatureFlow {
    let pipeline: String
    let manifest: String
    let cache: String
    let workers: Int
    let quiet: Bool

    /// Runs the pipeline where clips are pending. What was assumed of the manifest has been told by then.
    ///
    /// - Throws: `ExitCode` where the run was interrupted or clips failed, each named by then.
    func run() throws {
        let work = try WorkOptions.parse([pipeline, "--manifest", manifest, "--cache", cache])
        let (loaded, list) = try work.load(quiet: true)
        let ledger = work.cache.value.exists ? try work.cache.value.reading() : nil
        let facts = try Reconciler(manifest: list, graph: loaded.graph, ledger: ledger).facts
        let plan = Plan(graph: loaded.graph, clips: facts, isLossless: LoadedPipeline.isLossless)
        if plan.pending == 0, plan.count(.failed) == 0 { return }
        let status = try RunFlow(work: work, workers: workers, quiet: quiet, json: false, isManifestTold: true).run()
        if status != 0 { throw ExitCode(status) }
    }
}
