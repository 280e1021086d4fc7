import ArgumentParser
import Cache
import Errors
import Ledger
import Results
import Sessions
import Wording

struct ExportScoresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scores", abstract: "Write clip scores: one row per clip, one column per class.",
        discussion: """
            EXAMPLE  earmark export scores --cache c --format csv --out scores.csv
            """)

    @OptionGroup var export: ExportOptions
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last that makes scores).")
    var pipeline: String?
    @Option(help: "csv, jsonl or npy.") var format: Exporter.Format = .csv

    func run() throws {
        try export.check()
        if export.isPiped, format == .npy {
            throw CommandError(
                .usage, "--format npy is three files (scores, clips, classes), expected --out with a path")
        }
        let scored = try PipelineChoice.scored(export.cache.value.reading(), name: pipeline)
        if let notice = scored.notice { say(TerminalText.plain(notice)) }
        let exporter = try Exporter(cache: export.cache.value, pipeline: scored.name)
        let clips = try exporter.scores(format, to: export.out)
        try export.conclude(
            counted(clips, "clip"), what: "scores", pipeline: scored.pipeline,
            coverage: exporter.coverage(of: scored.pipeline, written: clips), columns: exporter.scoreColumns(format))
    }
}

extension Exporter.Format: ExpressibleByArgument {}
