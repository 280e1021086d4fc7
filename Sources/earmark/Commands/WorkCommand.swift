import ArgumentParser
import Foundation

struct WorkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Run one part of a manifest into a cache of its own, on any machine.",
        discussion: """
            The clips are divided into parts of nearly equal length by a plan, which the first part that begins makes and \
            all others read: parts/plan.json of the cache. Part I of N has the cache parts/I-of-N. The parts may run at \
            the same time, on machines that share the file system; 'earmark merge' then makes one cache of them. A \
            changed number of parts, manifest, pipeline or model is refused while a plan is not merged.

            On SIGUSR1, SIGTERM, SIGHUP or Ctrl-C no more clips are begun, what is under way is finished and kept, and \
            the exit status is 75: the same command goes on from there, as it does after a kill. Further signals, but for \
            Ctrl-C, change nothing.

            EXAMPLE  earmark work label.yaml --manifest m.csv --cache c --part 0 --of 16 --workers 4
            """)

    @OptionGroup var work: WorkOptions
    @Option(help: "The part to run, from 0.") var part: Int
    @OptionGroup var parts: PartCountOption
    @Option(help: "Worker threads (default: one per processor).") var workers: Int = ProcessInfo.processInfo
        .activeProcessorCount
    @Option(help: "Seconds that decoding a clip may take beyond the clip's own length before the clip is given up.")
    var decodeLimit = 30
    @Flag(help: "Expect the plan to be there; do not make one.") var planned = false
    @Flag(help: "Print only changed settings, failures and the last line.") var quiet = false
    @Flag(help: "Print events as JSON lines.") var json = false

    func validate() throws {
        guard (0..<parts.of).contains(part) else {
            throw ValidationError("--part is \(part), expected 0 to \(parts.of - 1), as --of is \(parts.of)")
        }
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
        guard (1...1_000_000).contains(decodeLimit) else {
            throw ValidationError("--decode-limit is \(decodeLimit), expected 1 to 1000000 seconds")
        }
    }

    func run() throws {
        let status = try WorkFlow(
            work: work, part: part, parts: parts.of, workers: workers, decodeLimit: decodeLimit, isPlanned: planned,
            quiet: quiet, json: json
        ).run()
        if status != 0 { throw ExitCode(status) }
    }
}
