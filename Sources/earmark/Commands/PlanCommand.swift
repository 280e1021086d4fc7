import ArgumentParser
import Cache
import Corpora
import Foundation
import Models
import Pipeline
import Sessions
import Stages

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say what a run would do and why; change nothing.",
        discussion: """
            The time is estimated from earlier runs of the cache that did the same with their clips, or else from a \
            trial of a few clips, which takes two seconds at most and keeps nothing; the disk space is estimated \
            from the clips' lengths. Nothing is refused because of these estimates.

            EXAMPLE  earmark plan Pipelines/label.yaml --manifest m.csv --cache c
            """)

    @OptionGroup var work: WorkOptions
    @Option(help: "Worker threads to estimate the time for (default: one per processor).") var workers: Int =
        ProcessInfo.processInfo.activeProcessorCount
    @Flag(help: "Open no files and try no clips for the estimate.") var noProbe = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
    }

    func run() throws {
        let (pipeline, list) = try work.load(absent: .leave)
        let manifest = try list.countingChannels(stream: pipeline.graph.audioStream)
        let cache = work.cache.value
        let ledger = cache.exists ? try cache.reading() : nil
        let known = try Reconciler(
            manifest: manifest, graph: pipeline.graph, ledger: ledger, readsContent: work.checkContent)
        let plan = Plan(graph: pipeline.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
        // Without the model's digest, nothing can be compared with what an earlier run had.
        let absent = pipeline.absentModels
        let changed = try (absent.isEmpty ? ledger : nil).flatMap {
            try ChangedSettings(graph: pipeline.graph, plan: plan, ids: known.ids, ledger: $0)
        }
        let estimate = try WorkEstimator(
            pipeline: pipeline, manifest: manifest, cache: cache, ledger: ledger, workers: workers
        ).estimate(plan, known: known, probes: !noProbe)
        if json {
            print(PlanText.json(plan, changed: changed, estimate: estimate, absent: absent))
        } else {
            printWrapped(PlanText.lines(plan, pipeline: pipeline.graph.name, changed: changed))
            if plan.pending > 0 { for line in EstimateText.lines(estimate) { printWrapped("  " + line) } }
            for model in absent { printWrapped("  note: " + (try NamedModels.note(onAbsent: model))) }
        }
    }
}
