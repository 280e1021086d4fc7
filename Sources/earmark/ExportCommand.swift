import ArgumentParser
import Stages
import Wording

struct ExportCommand: ParsableCommand {
    enum What: String, ExpressibleByArgument, CaseIterable { case scores, index }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write clip scores, or where rows lie, into a file.",
        discussion: """
            EXAMPLE  earmark export scores --cache c --format csv --out scores.csv

            The index has the rows of all pipelines, unless one is named, in clip order and a clip's by kind and stage. \
            Its columns are clip, kind, shard, first and count, then stage (the first twelve digits of the fingerprint \
            of what made the rows) and hop (samples at 16 kHz from one chunk to the next). With another number of \
            workers only shard and first differ. Rows of shards that a run has not sealed yet are left out, and counted.
            """)

    @Argument(help: "scores or index.") var what: What
    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last; of the index, all).") var pipeline: String?
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
        if what == .index { Unsealed.tell(try exporter.unsealed()) }
    }
}

extension Exporter.Format: ExpressibleByArgument {}

/// What is said of rows that no index has yet.
enum Unsealed {
    /// nil where there are none.
    static func text(_ count: Int) -> String? {
        count == 0
            ? nil
            : "the rows of \(counted(count, "result")) are in shards that are not sealed yet, and so not in the index: run again to the "
                + "end"
    }

    static func tell(_ count: Int) {
        if let text = text(count) { say(text) }
    }
}
