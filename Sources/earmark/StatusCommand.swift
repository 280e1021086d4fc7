import ArgumentParser
import Ledger
import Stages

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how the clips of a cache stand, also while a run goes on.",
        discussion: "EXAMPLE  earmark status --cache c --json")

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let ledger = try cache.value.reading()
        let chosen = try PipelineChoice.find(ledger, name: pipeline)
        let counts = try ledger.counts(for: chosen)
        let failures = try FailureLine.all(ledger, target: chosen.fingerprint)
        let last = try ledger.lastRun()
        let state = last.map { $0.outcome ?? "running, or killed" } ?? "none"
        if json {
            let named = failures.map {
                #"{"clip":\#(JSON.text($0.clip)),"path":\#(JSON.text($0.path)),"class":"\#($0.failureClass)","#
                    + #""reason":\#(JSON.text($0.reason)),"frame":\#($0.offset.map(String.init) ?? "null")}"#
            }
            print(
                #"{"pipeline":\#(JSON.text(chosen.name)),"clips":\#(counts.clips),"done":\#(counts.done),"#
                    + #""failed":\#(counts.failed),"pending":\#(counts.pending),"last_run":\#(JSON.text(state)),"#
                    + #""failures":[\#(named.joined(separator: ","))]}"#)
            return
        }
        print(
            "\(chosen.name): \(counts.clips) clips: \(counts.done) done, \(counts.failed) failed, "
                + "\(counts.pending) pending; last run: \(state)")
        for failure in failures {
            print(failure.text)
        }
    }
}
