import ArgumentParser
import Foundation

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a pipeline over a manifest into a cache; resume where the last run stopped.",
        discussion: "EXAMPLE  earmark run Pipelines/features.yaml --manifest m.csv --cache c --workers 2")

    @OptionGroup var work: WorkOptions
    @Option(help: "Worker threads (default: one per processor).") var workers: Int = ProcessInfo.processInfo
        .activeProcessorCount
    @Option(
        name: [.customLong("decode-limit"), .customLong("patience")],
        help: "Seconds that decoding a clip may take beyond the clip's own length before the clip is given up.")
    var decodeLimit = 30
    @Flag(help: "Print only changed settings, failures and the last line.") var quiet = false
    @Flag(help: "Print events as JSON lines.") var json = false

    func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
        guard (1...1_000_000).contains(decodeLimit) else {
            throw ValidationError("--decode-limit is \(decodeLimit), expected 1 to 1000000 seconds")
        }
    }

    func run() throws {
        let status = try RunFlow(work: work, workers: workers, quiet: quiet, json: json, decodeLimit: decodeLimit).run()
        if status != 0 { throw ExitCode(status) }
    }
}
