import ArgumentParser
import Cache
import Ledger
import Results
import Wording

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of a cache's clips, also during a run.",
        discussion: """
            For each pipeline: clips done, failed and pending, the file it was read from, its models and settings; \
            then how the last run ended, or which process it is; then rows and bytes of each stage. Clips are those \
            in the manifest of the last run. Clips whose files are gone are named, at most 20; --json names all. \
            'earmark prune' removes rows that are shown as 'of no pipeline as it ran last'.

            For a cache whose manifest is run in parts ('earmark work'), each part that is not merged yet: done, running, \
            interrupted, killed, failed or never started, with its process, and its job and log if it was \
            submitted to Slurm. What a running part has done is a few seconds old; of one that was killed, it is read \
            from its ledger.

            EXAMPLE  earmark status --cache c --json
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let parts = try PartsReport(cache.value)
        // A merge that was killed in its first moment leaves a ledger without tables.
        if let parts, !cache.value.exists || Ledger.isEmpty(path: cache.value.ledgerPath) { return tell(parts) }
        let ledger = try cache.value.reading()
        // A merge that found a part wanting leaves a ledger in which no pipeline ran.
        if let parts, try ledger.pipelines().isEmpty { return tell(parts) }
        var (report, last) = try ledger.consistently {
            let chosen = try PipelineChoice.find(ledger, name: pipeline)
            let others = try ledger.pipelines().filter { $0.name != chosen.name }
            var report = StatusReport(
                pipelines: try ([chosen] + others).map { ($0, try ledger.counts(for: $0)) },
                failures: try FailureLine.all(ledger, pipeline: chosen), models: try ledger.models(),
                holdings: try StageHolding.all(ledger), unsealed: try ledger.unsealedResults(),
                ledgerBytes: cache.value.ledgerBytes)
            for (record, _) in report.pipelines {
                report.skipped[record.name] = try SkippedChunks(
                    cache: cache.value, ledger: ledger, pipeline: record)?.count()
            }
            return (report, try ledger.lastRun())
        }
        // The lock is read after the ledger: a run that ended in between has released it, and the ledger is then read
        // again.
        report.run = RunReport(run: last, lock: CacheLock.state(folder: cache.cache))
        if report.run.state == .killed {
            last = try ledger.lastRun()
            report.run = RunReport(run: last, lock: CacheLock.state(folder: cache.cache))
        }
        do {
            report.judgements = .success(JudgementHistory(try cache.value.judgements.contents().rows).count)
        } catch let error as LedgerError {
            report.judgements = .failure(error)
        }
        report.parts = parts
        report.missing = try ledger.clipsWithoutFile(naming: json ? .max : StatusReport.shownWithoutFile)
        if json {
            print(report.json)
        } else {
            for line in report.lines { print(line) }
        }
    }

    /// Prints the parts of a cache that has nothing else.
    private func tell(_ parts: PartsReport) {
        if json { print(parts.jsonOfWhole) } else { for line in parts.lines { print(line) } }
    }
}
