import ArgumentParser
import Cache
import Glibc
import Ledger
import Sessions
import Wording

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how the clips of a cache stand, also while a run goes on.",
        discussion: "EXAMPLE  earmark status --cache c --json")

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let ledger = try cache.value.reading()
        let (chosen, counts, failures, models, last) = try ledger.consistently {
            let chosen = try PipelineChoice.find(ledger, name: pipeline)
            return (
                chosen, try ledger.counts(for: chosen),
                try FailureLine.all(ledger, pipeline: chosen), try Self.models(of: chosen) ?? ledger.models(),
                try ledger.lastRun()
            )
        }
        // Asked after the ledger: a run that ended in between has let go of the lock, and is asked for once more.
        var report = RunReport(run: last, lock: CacheLock.state(folder: cache.cache))
        if report.state == .killed {
            report = RunReport(run: try ledger.lastRun(), lock: CacheLock.state(folder: cache.cache))
        }
        let missing = try ledger.clipsWithoutFile()
        if json {
            printJSON(chosen, counts, failures, models, report, missing: missing)
        } else {
            printText(
                chosen, counts, failures, models, report, missing: missing, unsealed: try ledger.unsealedResults())
        }
    }

    private func printText(
        _ chosen: PipelineRecord, _ counts: ClipCounts, _ failures: [FailureLine],
        _ models: [(digest: String, path: String)], _ report: RunReport, missing: Int, unsealed: Int
    ) {
        print(
            "\(TerminalText.plain(chosen.name)): \(counted(counts.clips, "clip")): \(counts.done) done, "
                + "\(counts.failed) failed, \(counts.pending) pending")
        print("pipeline: \(TerminalText.plain(chosen.file))")
        for model in models {
            print("model: \(TerminalText.plain(model.path)) (\(model.digest.prefix(19)))")
        }
        for line in Self.settings(chosen) { print(line) }
        for line in report.lines(pipeline: chosen.name) { print(line) }
        if missing > 0 { print(PlanText.gone(missing) + "; rows that the cache has of them stand") }
        if let unsealed = Unsealed.text(unsealed) { print(unsealed) }
        for failure in failures { print(failure.text(on: STDOUT_FILENO)) }
    }

    /// The models that the pipeline was last run with; nil where the ledger is of an earlier version, which kept those of the whole
    /// cache.
    private static func models(of chosen: PipelineRecord) -> [(digest: String, path: String)]? {
        PipelineSettings(text: chosen.settings)?.stages.compactMap { stage in
            guard let path = stage.parameters["model"], let digest = stage.marks["model"] else { return nil }
            return (digest, path)
        }
    }

    /// The parameters that the pipeline was last run with, a line for each stage that has some; none where the ledger is of an earlier
    /// version, which did not keep them. A model is told by itself.
    private static func settings(_ chosen: PipelineRecord) -> [String] {
        (PipelineSettings(text: chosen.settings)?.stages ?? []).compactMap { stage in
            let values = stage.parameters.filter { $0.key != "model" && stage.marks[$0.key] != nil }
                .sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return values.isEmpty ? nil : TerminalText.plain("\(stage.name): " + values.joined(separator: ", "))
        }
    }

    private func printJSON(
        _ chosen: PipelineRecord, _ counts: ClipCounts, _ failures: [FailureLine],
        _ models: [(digest: String, path: String)], _ report: RunReport, missing: Int
    ) {
        let named = failures.map {
            #"{"clip":\#(JSON.text($0.clip)),"path":\#(JSON.text($0.path)),"class":"\#($0.failureClass)","#
                + #""reason":\#(JSON.text($0.reason)),"frame":\#($0.offset.map(String.init) ?? "null")}"#
        }
        let files = models.map { #"{"path":\#(JSON.text($0.path)),"digest":\#(JSON.text($0.digest))}"# }
        print(
            #"{"pipeline":\#(JSON.text(chosen.name)),"clips":\#(counts.clips),"done":\#(counts.done),"#
                + #""failed":\#(counts.failed),"pending":\#(counts.pending),"missing":\#(missing),"last_run":\#(JSON.text(report.word)),"#
                + #""file":\#(JSON.text(chosen.file)),"settings":\#(chosen.settings.isEmpty ? "null" : chosen.settings),"models":[\#(files.joined(separator: ","))],"run":\#(report.json),"#
                + #""failures":[\#(named.joined(separator: ","))]}"#)
    }
}
