import ArgumentParser
import Cache
import Errors
import Evaluation
import Ledger
import Results
import Wording

struct ExportEmbeddingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embeddings", abstract: "Write embeddings: one row per chunk.",
        discussion: """
            The pipeline must keep them, with a stage like 'embeddings: {uses: cache, from: infer.embeddings}'. npy is \
            one array (chunks, size) of the numbers as they are stored, float32 or float16, and beside it \
            PATH.chunks.csv: clip, path, start, end and row, in seconds from the recording's start. csv is one table: \
            clip, path, start, end, e0, e1 and so on. Chunks that no model heard have none: they are left out and counted.

            EXAMPLE  earmark export embeddings --cache c --out embeddings.npy
            EXAMPLE  earmark export embeddings --cache c --format csv --clip 'site-3/*' --out e.csv
            """)

    @OptionGroup var export: ExportOptions
    @OptionGroup var choice: EmbeddingOptions
    @Option(help: "npy or csv.") var format: EmbeddingExport.Format = .npy
    @OptionGroup var clips: ClipPatterns

    func run() throws {
        try export.check()
        if format == .npy {
            if export.isPiped {
                throw CommandError(
                    .usage, "--format npy is two files (embeddings, chunks), expected --out with a path")
            }
            try OutputPath.check(export.out + EmbeddingExport.indexEnding)
        }
        let ledger = try export.cache.value.reading()
        let (made, summary) = try ledger.consistently { () -> (EmbeddingExport, EmbeddingExport.Summary) in
            let made = try EmbeddingExport(
                cache: export.cache.value, ledger: ledger, pipeline: choice.pipeline, stage: choice.stage,
                clips: clips.clips)
            if let notice = made.source.notice { say(TerminalText.plain(notice)) }
            return (
                made, try format == .npy ? made.writeArray(to: export.out) : made.writeTable(to: export.out)
            )
        }
        try export.conclude(
            "\(counted(summary.chunks, "embedding")) of \(counted(summary.size, "value")) "
                + "in \(counted(summary.coverage.done, "clip"))", what: "embeddings",
            pipeline: made.source.pipeline, coverage: summary.coverage, settings: made.settings,
            columns: summary.columns
        ) {
            if summary.unheard > 0 {
                say("left out: \(counted(summary.unheard, "chunk")) without an embedding, as no model heard them")
            }
        }
    }
}

/// The options that choose the embeddings of a cache.
struct EmbeddingOptions: ParsableArguments {
    @Option(help: "A pipeline's name (default: the last one that keeps embeddings).") var pipeline: String?
    @Option(
        help: "The name of the pipeline's stage that keeps them (default: the only one).") var stage: String?
}

/// The option that chooses clips, for commands that need no classes.
struct ClipPatterns: ParsableArguments {
    @Option(
        name: .customLong("clip"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only clips whose name or path matches: * any characters, ? one, [a-z] one of these. May be repeated.",
            valueName: "glob"))
    var clips: [String] = []
}

extension EmbeddingExport.Format: ExpressibleByArgument {}
