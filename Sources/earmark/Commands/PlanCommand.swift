import ArgumentParser
import Cache
import Pipeline
import Sessions
import Stages

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say what a run would do and why; change nothing.",
        discussion: "EXAMPLE  earmark plan Pipelines/label.yaml --manifest m.csv --cache c")

    @OptionGroup var work: WorkOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let (pipeline, manifest) = try work.load()
        let cache = work.cache.value
        let ledger = cache.exists ? try cache.reading() : nil
        let known = try Reconciler(
            manifest: manifest, graph: pipeline.graph, ledger: ledger, readsContent: work.checkContent)
        let plan = Plan(graph: pipeline.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
        let changed = try ledger.flatMap {
            try ChangedSettings(graph: pipeline.graph, plan: plan, ids: known.ids, ledger: $0)
        }
        if json {
            print(PlanText.json(plan, changed: changed))
        } else {
            print(PlanText.lines(plan, pipeline: pipeline.graph.name, changed: changed))
        }
    }
}
