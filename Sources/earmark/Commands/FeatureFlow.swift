import ArgumentParser
import Cache
import Corpora
import Files
import Foundation
import Pipeline
import Sessions
import Stages

/// Makes sure that a cache holds the features of clips, before training or evaluation uses them. Other clips of the cache
/// stay in it.
struct FeatureFlow {
    let pipeline: String
    let manifest: String
    /// Those of the manifest's clips that are needed.
    let clips: [Manifest.Entry]
    let cache: String
    let workers: Int
    let quiet: Bool

    /// Runs the pipeline if any clip is pending or has failed. The caller has reported what was assumed about the
    /// manifest.
    ///
    /// - Throws: `ExitCode` if the run was interrupted or clips failed, each named by then; what `WorkOptions.load`
    ///   throws.
    func run() throws {
        let work = try WorkOptions.parse([pipeline, "--manifest", manifest, "--cache", cache])
        let (loaded, whole) = try work.load(quiet: true)
        let list = try part(of: whole).countingChannels(stream: loaded.graph.audioStream)
        let ledger = work.cache.value.exists ? try work.cache.value.reading() : nil
        let facts = try Reconciler(manifest: list, graph: loaded.graph, ledger: ledger).facts
        let plan = Plan(graph: loaded.graph, clips: facts, isLossless: LoadedPipeline.isLossless)
        if plan.pending == 0, plan.count(.failed) == 0 { return }
        let status = try RunFlow(
            work: work, workers: workers, quiet: quiet, json: false, isManifestTold: true, part: list
        )
        .run()
        guard status != 0 else { return }
        if status == Status.someFailed {
            say("nothing was done with the features: clips failed; mend their files, or take them out of the manifest")
        }
        throw ExitCode(status)
    }

    /// The clips that are needed, with all that the manifest says of them: the cache keeps its further columns.
    private func part(of whole: Manifest) throws -> Manifest {
        let folder = FileSystem.folder(of: FileSystem.absolute(manifest))
        let further = whole.furtherColumns
        let rows = clips.flatMap { clip in
            let values = whole.row(of: clip.clip).map(whole.further)
            return Manifest.row(
                clip, folder: folder, hasParts: true,
                further: values ?? [String](repeating: "", count: further.count))
        }
        return try Manifest(
            bytes: Manifest.header(hasParts: true, further: further) + rows, file: manifest, folder: folder)
    }
}
