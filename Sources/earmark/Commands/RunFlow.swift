import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Wording

/// A run as the user sees it: the plan, progress, failures, and the last line.
struct RunFlow {
    /// The most failures that are named on the screen; `status` names all of them.
    private static let shownFailures = 20
    /// The most clips without a file that are named, besides those that failed for it.
    private static let shownWithoutFile = 3

    let work: WorkOptions
    let workers: Int
    let quiet: Bool
    let json: Bool
    var decodeLimit = 30
    /// Whether the caller has reported what was assumed about the manifest.
    var isManifestTold = false
    /// The clips to run instead of all those of the manifest; the cache's other clips stay in it. nil for all.
    var part: Manifest?
    /// A part of the manifest that is run into a cache of its own; nil for a run into the cache that `work` names.
    var ownCache: OwnCache?

    /// A run into another cache than the one that the command line names, for a caller that has loaded what is to be run.
    struct OwnCache {
        let pipeline: LoadedPipeline
        let manifest: Manifest
        let cache: CacheFolder
        /// Part of the names of new shards.
        let shardTag: String
        /// Raised by the caller's own handling of signals.
        let stop: StopSignal
        let progress: PartProgress
        /// The cache's lock, which the caller keeps until it has written how the run ended.
        let lock: CacheLock
    }

    private var cache: CacheFolder { ownCache?.cache ?? work.cache.value }

    /// Runs the pipeline.
    ///
    /// - Returns: the exit status.
    /// - Throws: what `SystemLimits.require()`, `WorkOptions.load` and the run itself throw.
    func run() throws -> Int32 {
        try SystemLimits.require()
        let (pipeline, whole) =
            try ownCache.map { ($0.pipeline, $0.manifest) } ?? work.load(quiet: quiet || isManifestTold)
        let session = try RunSession(
            pipeline: pipeline, manifest: part ?? whole, cache: cache, keepsOthers: part != nil,
            shardTag: ownCache?.shardTag, heldLock: ownCache?.lock)
        defer { try? session.close() }
        let stop = ownCache?.stop ?? StopSignal()
        let trap = ownCache == nil ? SignalTrap(stop) : nil
        defer { withExtendedLifetime(trap) {} }
        let plan = try session.plan(readsContent: work.checkContent)
        if ownCache == nil, let parts = unmergedParts() { tell(parts) }
        let partProgress = ownCache?.progress
        partProgress?.begin(plan)
        // When the reader of a stream has gone, the run stops in order; the program then ends as after any closed pipe.
        for stream in [StandardStream.output, .errors] { stream.whenClosed { stop.raise() } }
        let progress = RunProgress(clips: plan.pending, bytes: session.pendingBytes(plan))
        let display = ProgressDisplay(
            style: ProgressDisplay.style(quiet: quiet, json: json), total: plan.pending, progress: progress)
        let changed = try session.changedSettings(plan)
        if json {
            if changed != nil { print(#"{"event":"changed-settings","changed":\#(PlanText.json(changed))}"#) }
        } else if !quiet {
            sayWrapped(PlanText.lines(plan, pipeline: pipeline.graph.name, changed: changed))
        } else if let changed {
            sayWrapped("note: " + changed.text)
        }
        let watch = Stopwatch()
        display.start()
        let report: RunSession.Report
        do {
            report = try session.run(
                plan, workers: workers, stop: stop, decodeLimit: decodeLimit, progress: progress
            ) {
                display.add($0)
                partProgress?.add($0)
            }
        } catch {
            display.finish()
            throw error
        }
        display.finish()
        let failures = try session.failures()
        name(failures)
        for note in report.notes { say(note) }
        if json || !quiet {
            name(session.clipsWithoutFile(naming: Self.shownWithoutFile, except: Set(failures.map(\.clip))))
        }
        if !quiet, !json { Unsealed.tell(report.unsealed) }
        return conclude(
            report, pipeline: pipeline.graph.file, models: Self.models(of: pipeline.graph), seconds: watch.seconds,
            audio: display.audioSeconds)
    }

    /// The models of a pipeline: their files, and in which arithmetic they are computed.
    private static func models(of graph: Graph) -> [(path: String, precision: String)] {
        PipelineSettings(graph).stages.compactMap { stage -> (path: String, precision: String)? in
            guard let path = stage.parameters["model"], let precision = stage.precision else { return nil }
            return (path: FileSystem.absolute(path), precision: precision)
        }
    }

    /// The plan of parts of the cache that are not merged; nil if there is none, or it cannot be read, which is for `merge`
    /// to say.
    private func unmergedParts() -> PartPlan? {
        guard let plan = try? PartPlan.read(PartFolder(cache).planPath), !plan.isFinished else { return nil }
        return plan
    }

    /// Says that a run computes for itself what the parts may have computed already.
    private func tell(_ plan: PartPlan) {
        let count = plan.shares.count { $0.clips > 0 }
        if json {
            print(
                #"{"event":"unmerged-parts","pipeline":\#(JSON.text(plan.job.pipeline)),"parts":\#(count)}"#)
        } else if !quiet {
            sayWrapped(
                "note: parts of \(TerminalText.plain(plan.job.pipeline)) that are not merged: \(count); what they did is not "
                    + "used: 'earmark merge' takes it over, or remove \(PartFolder(cache).path) to give it up")
        }
    }

    private func name(_ missing: ClipsWithoutFile) {
        if json {
            for clip in missing.named {
                print(#"{"event":"missing","clip":\#(JSON.text(clip.name)),"path":\#(JSON.text(clip.path))}"#)
            }
            return
        }
        for line in PlanText.named(missing, command: "earmark status --cache \(cache.folder) --json") { say(line) }
    }

    private func name(_ failures: [FailureLine]) {
        for failure in failures.prefix(Self.shownFailures) {
            if json {
                print(
                    #"{"event":"failure","clip":\#(JSON.text(failure.clip)),"path":\#(JSON.text(failure.path)),"#
                        + #""class":\#(JSON.text("\(failure.failureClass)")),"reason":\#(JSON.text(failure.reason))}"#)
            } else {
                say(failure.text(on: STDERR_FILENO))
            }
        }
        if failures.count > Self.shownFailures {
            say("and \(failures.count - Self.shownFailures) more: earmark status --cache \(cache.folder) --json")
        }
    }

    private func conclude(
        _ report: RunSession.Report, pipeline: String, models: [(path: String, precision: String)], seconds: Double,
        audio: Double
    ) -> Int32 {
        let cache = cache.folder
        let gone = PlanText.gone(report.plan).map { "; " + $0 } ?? ""
        let clipped = report.clipping
        // Only `run` takes --set; a command that runs the pipeline for itself has told about the manifest.
        if clipped.samples > 0, !json { sayWrapped(clipped.text(pipeline: isManifestTold ? pipeline : nil)) }
        if !json { for line in report.accepted.lines { sayWrapped(line) } }
        if !json, let line = report.skipped?.text(Figures.audio) { sayWrapped(line) }
        let (audioSkipped, clipsSkipped) = (report.skipped?.audio ?? SkippedAudio(), report.skipped?.clips ?? 0)
        let skipped =
            #""skipped_chunks":\#(audioSkipped.chunks),"skipped_seconds":\#(Figures.fixed(audioSkipped.seconds, 3)),"#
            + #""skipped_clips":\#(clipsSkipped)"#
        let named = models.map { #"{"path":\#(JSON.text($0.path)),"precision":\#(JSON.text($0.precision))}"# }
        let used = #""models":[\#(named.joined(separator: ","))]"#
        if !json, !quiet, report.plan.pending > 0 {
            for model in models { sayWrapped("model: \(TerminalText.plain(model.path)) (\(model.precision))") }
        }
        if json {
            print(
                #"{"event":"end","clips":\#(report.plan.clipCount),"done_now":\#(report.result.done),"#
                    + #""failed":\#(report.failures),"missing":\#(report.plan.missing),"#
                    + #""interrupted":\#(report.result.wasInterrupted),"clipped_samples":\#(clipped.samples),"#
                    + #""int16_samples":\#(clipped.stored),"clipped_clips":\#(clipped.clips),"damaged_clips":\#(report.accepted.damagedClips),"#
                    + #""zeroed_samples":\#(report.accepted.zeroed),"zeroed_clips":\#(report.accepted.zeroedClips),\#(skipped),\#(used)}"#
            )
        } else if report.result.wasInterrupted {
            sayWrapped(
                "interrupted after \(counted(report.result.done, "clip")); the same command goes on where this one stopped"
            )
        } else if report.plan.pending == 0 {
            sayWrapped(
                "nothing to do: \(counted(report.plan.count(.done), "clip")) \(report.plan.count(.done) == 1 ? "is" : "are") "
                    + "done, \(report.failures) failed; results in \(cache)" + gone
            )
        } else {
            // What is made from cached results of whole clips is made from no audio.
            let heard = audio > 0 ? " (\(Figures.audio(audio)))" : ""
            let speed = audio > 0 && seconds > 0 ? ", \(Figures.fixed(audio / seconds, 0)) x real time" : ""
            sayWrapped(
                "\(counted(report.result.done, "clip"))\(heard) done in \(Figures.fixed(seconds, 1)) s\(speed); "
                    + "\(report.failures) failed; results in \(cache)" + gone
            )
        }
        if report.result.wasInterrupted { return Status.tryAgain }
        return report.failures > 0 ? Status.someFailed : 0
    }
}
