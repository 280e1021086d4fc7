import Ledger
import ArgumentParser
import Pipeline
import Sessions
import Wording

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Make one cache of the parts that 'earmark work' made.",
        discussion: """
            Every clip of the plan must be done or failed in its part; otherwise nothing is merged, the parts and clips \
            that are missing are named, and the exit status is 65. With --allow-missing what is there is merged, the exit \
            status is 3, and every export says how many clips are pending; the plan then has only those left. A part on \
            which a process is still working, or that was computed from another manifest, pipeline, model or version, is \
            refused.

            Shards are given another name, not copied. A merge that was killed is run again and goes on. The merged cache \
            is one as any other: runs, exports, 'verify' and 'prune' work on it as if one machine had made it.

            EXAMPLE  earmark merge label.yaml --manifest m.csv --cache c --of 16
            """)

    @OptionGroup var work: WorkOptions
    @OptionGroup var parts: PartCountOption
    @Flag(help: "Merge what is there although clips are missing.") var allowMissing = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        try SystemLimits.require()
        let (pipeline, manifest) = try work.load(quiet: json)
        let merger = try PartMerger(pipeline, manifest, cache: work.cache.value, parts: parts.of)
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        guard let report = try merger.run(allowsMissing: allowMissing, stop: stop) else {
            say("interrupted; the same command goes on where this one stopped")
            throw ExitCode(Status.tryAgain)
        }
        let text = MergeText(report: report, parts: parts.of)
        if json {
            print(text.json)
        } else {
            for line in text.holes { say(line) }
            for note in report.notes { say(TerminalText.plain(note)) }
            sayWrapped(text.summary)
        }
        guard report.holes.isEmpty || report.hasMerged else { throw ExitCode(Status.badInput) }
        if report.counts.map({ $0.failed + $0.pending > 0 }) ?? false { throw ExitCode(Status.someFailed) }
    }
}
