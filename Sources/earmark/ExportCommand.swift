import ArgumentParser
import Stages

struct ExportCommand: ParsableCommand {
    enum What: String, ExpressibleByArgument, CaseIterable { case scores, index }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write clip scores, or where rows lie, into a file.",
        discussion: "EXAMPLE  earmark export scores --cache c --format csv --out scores.csv")

    @Argument(help: "scores or index.") var what: What
    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Option(help: "csv, jsonl or npy.") var format: Exporter.Format = .csv
    @Option(help: ArgumentHelp("File to write.", valueName: "path"), completion: .file()) var out: String

    func run() throws {
        let exporter = try Exporter(cache: cache.value, pipeline: pipeline)
        switch what {
        case .scores: print("\(try exporter.scores(format, to: out)) clips in \(out)")
        case .index: print("\(try exporter.index(format, to: out)) rows in \(out)")
        }
    }
}

extension Exporter.Format: ExpressibleByArgument {}
