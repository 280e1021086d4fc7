import ArgumentParser
import Cache
import Ledger
import Wording

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how the clips of a cache stand, also while a run goes on.",
        discussion: """
            Of each pipeline: clips done, failed and pending, where it was read, its models and settings; then how the last \
            run ended, or which process it is; then rows and bytes of each stage. Clips are those of the manifest of the \
            last run. Rows that are of no pipeline as it ran last are what 'earmark prune' frees.

            EXAMPLE  earmark status --cache c --json
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let ledger = try cache.value.reading()
        var (report, last) = try ledger.consistently {
            let chosen = try PipelineChoice.find(ledger, name: pipeline)
            let others = try ledger.pipelines().filter { $0.name != chosen.name }
            let report = StatusReport(
                pipelines: try ([chosen] + others).map { ($0, try ledger.counts(for: $0)) },
                failures: try FailureLine.all(ledger, pipeline: chosen), models: try ledger.models(),
                holdings: try StageHolding.all(ledger), unsealed: try ledger.unsealedResults(),
                ledgerBytes: cache.value.ledgerBytes)
            return (report, try ledger.lastRun())
        }
        // Read after the ledger: a run that ended in between has released the lock, and is then queried once more.
        report.run = RunReport(run: last, lock: CacheLock.state(folder: cache.cache))
        if report.run.state == .killed {
            last = try ledger.lastRun()
            report.run = RunReport(run: last, lock: CacheLock.state(folder: cache.cache))
        }
        report.missing = try ledger.clipsWithoutFile()
        if json {
            print(report.json)
        } else {
            for line in report.lines { print(line) }
        }
    }
}
