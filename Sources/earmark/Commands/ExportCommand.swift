import Errors
import ArgumentParser
import Cache
import Evaluation
import Ledger
import Results
import Wording

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write scores, labels, events, cut-out sounds, or where rows lie.",
        discussion: """
            What is there is written, and beside it PATH.meta.json: how many clips it is of, the pipeline and its models. \
            Where clips of the cache are missing in it, that is said and the exit status is 3. Only clips \
            decodes anything, and no model is run.

            EXAMPLE  earmark export scores --cache c --format csv --out scores.csv
            EXAMPLE  earmark export labels --cache c --top 3 --out labels.csv
            """,
        subcommands: [
            ExportScoresCommand.self, ExportLabelsCommand.self, ExportEventsCommand.self, ExportClipsCommand.self,
            ExportIndexCommand.self,
        ])
}

/// What every export shares.
struct ExportOptions: ParsableArguments {
    @OptionGroup var cache: CacheOption
    @Option(help: ArgumentHelp("File to write; - for standard output.", valueName: "path"), completion: .file())
    var out: String

    var isPiped: Bool { OutputPath.isStandardOutput(out) }

    /// - Throws: `CommandError` where nothing can be written there.
    func check() throws { try OutputPath.check(out) }

    /// Tells what was written, leaves the record beside it, and ends the command.
    ///
    /// - Parameters:
    ///   - summary: such as `12 clips`.
    ///   - what: of which the coverage is.
    ///   - parts: the pipelines of an export that is of several.
    ///   - notice: what else is to be told, behind the summary.
    /// - Throws: `ExitCode` of status 3 where clips are missing.
    func conclude(
        _ summary: String, what: String, pipeline: PipelineRecord, coverage: Coverage,
        settings: [(name: String, value: String)] = [], parts: [(record: PipelineRecord, coverage: Coverage)] = [],
        notice: () throws -> Void = {}
    ) throws {
        if isPiped { say("\(summary) in \(out)") } else { print("\(summary) in \(out)") }
        try notice()
        if !isPiped {
            var record = ExportRecord(
                version: Earmark.version, pipeline: pipeline, coverage: coverage, settings: settings)
            if !parts.isEmpty { record.add(parts) }
            try record.write(beside: out)
        }
        try CoverageText.conclude(coverage, what: what)
    }
}
