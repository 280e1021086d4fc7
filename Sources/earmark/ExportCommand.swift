import ArgumentParser
import Stages
import Wording

struct ExportCommand: ParsableCommand {
    enum What: String, ExpressibleByArgument, CaseIterable { case scores, index }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write clip scores, or where rows lie, into a file.",
        discussion: "EXAMPLE  earmark export scores --cache c --format csv --out scores.csv")

    @Argument(help: "scores or index.") var what: What
    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Option(help: "csv, jsonl or npy.") var format: Exporter.Format = .csv
    @Option(help: ArgumentHelp("File to write; - for standard output.", valueName: "path")) var out: String

    func run() throws {
        try OutputPath.check(out)
        let isPiped = OutputPath.isStandardOutput(out)
        if isPiped, format == .npy {
            throw CommandError(
                Status.usage, "--format npy is three files (scores, clips, classes), expected --out with a path")
        }
        let exporter = try Exporter(cache: cache.value, pipeline: pipeline)
        let summary =
            switch what {
            case .scores: "\(counted(try exporter.scores(format, to: out), "clip")) in \(out)"
            case .index: "\(counted(try exporter.index(format, to: out), "row")) in \(out)"
            }
        if isPiped { say(summary) } else { print(summary) }
    }
}

extension Exporter.Format: ExpressibleByArgument {}
