import Errors
import ArgumentParser
import Cache
import Evaluation
import Ledger
import Results
import Wording

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write scores, labels, events, cut-out sounds, embeddings, or where rows are.",
        discussion: """
            Whatever results the cache has are written, and beside them PATH.meta.json: how many clips they cover, \
            the pipeline and its models. If clips of the cache are missing, that is reported and the exit status is \
            3. Only 'export clips' decodes audio, and no export runs a model.

            EXAMPLE  earmark export scores --cache c --format csv --out scores.csv
            EXAMPLE  earmark export labels --cache c --top 3 --out labels.csv
            """,
        subcommands: [
            ExportScoresCommand.self, ExportLabelsCommand.self, ExportEventsCommand.self, ExportClipsCommand.self,
            ExportEmbeddingsCommand.self, ExportIndexCommand.self,
        ])
}

/// The options and steps that all exports share.
struct ExportOptions: ParsableArguments {
    @OptionGroup var cache: CacheOption
    @Option(help: ArgumentHelp("File to write; - for standard output.", valueName: "path"), completion: .file())
    var out: String

    var isPiped: Bool { output.isPiped }
    private var output: ExportOutput { ExportOutput(out: out) }

    /// Checks the place of the output.
    ///
    /// - Throws: what `OutputPath.check(_:)` throws.
    func check() throws { try output.check() }

    /// Ends the command, as `ExportOutput.conclude` does.
    ///
    /// - Throws: what that throws.
    func conclude(
        _ summary: String, what: String, pipeline: PipelineRecord, coverage: Coverage,
        settings: [(name: String, value: String)] = [], parts: [(record: PipelineRecord, coverage: Coverage)] = [],
        columns: ColumnRecord? = nil, notice: () throws -> Void = {}
    ) throws {
        try output.conclude(
            summary, what: what, pipeline: pipeline, coverage: coverage, settings: settings, parts: parts,
            columns: columns, notice: notice)
    }
}

/// Where a command writes results, and how it ends.
struct ExportOutput {
    /// A path, or - for standard output.
    let out: String

    var isPiped: Bool { OutputPath.isStandardOutput(out) }

    /// Checks the place of the output.
    ///
    /// - Throws: what `OutputPath.check(_:)` throws.
    func check() throws { try OutputPath.check(out) }

    /// Reports what was written, writes the record beside it, and ends the command.
    ///
    /// - Parameters:
    ///   - summary: what was written, such as `12 clips`.
    ///   - what: what the coverage is of, such as `scores`.
    ///   - parts: the pipelines of an export that covers several.
    ///   - columns: what became of the manifest's further columns; nil if it has none.
    ///   - notice: reports anything else, after the summary.
    /// - Throws: `ExitCode` of status 3 if clips are missing; `FileError` if the record cannot be written; what
    ///   `notice` throws.
    func conclude(
        _ summary: String, what: String, pipeline: PipelineRecord, coverage: Coverage,
        settings: [(name: String, value: String)] = [], parts: [(record: PipelineRecord, coverage: Coverage)] = [],
        columns: ColumnRecord? = nil,
        notice: () throws -> Void = {}
    ) throws {
        if isPiped { say("\(summary) in \(out)") } else { print("\(summary) in \(out)") }
        for note in columns?.notes ?? [] { sayWrapped(TerminalText.plain(note)) }
        try notice()
        if let skipped = coverage.skipped { sayWrapped(skipped.text) }
        if !isPiped {
            var record = ExportRecord(
                version: Earmark.version, pipeline: pipeline, coverage: coverage, settings: settings, columns: columns)
            if !parts.isEmpty { record.add(parts) }
            try record.write(beside: out)
        }
        try CoverageText.conclude(coverage, what: what)
    }
}
