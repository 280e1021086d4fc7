import ArgumentParser
import Cache
import Errors
import Ledger
import Results
import Wording

struct ExportIndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Write where each clip's rows are in the cache's shards.",
        discussion: """
            The index has the rows of all pipelines, unless one is named, in clip order and, within a clip, by kind \
            and stage. Its columns are clip, kind, shard, first and count, then stage (the first twelve digits of \
            the fingerprint of what made the rows) and hop (samples from one chunk to the next, at the rate that the \
            pipeline resamples to). Only shard and first depend on the number of workers. Rows of shards that a run \
            has not sealed yet are left out and counted.

            EXAMPLE  earmark export index --cache c --out index.csv
            """)

    @OptionGroup var export: ExportOptions
    @Option(help: "A pipeline's name (default: all).") var pipeline: String?
    @Option(help: "csv or jsonl.") var format: Exporter.Format = .csv

    func run() throws {
        try export.check()
        if export.isPiped, format == .npy {
            throw CommandError(.usage, "--format npy is for scores, expected --format csv or jsonl")
        }
        let chosen = try PipelineChoice.find(export.cache.value.reading(), name: pipeline)
        let exporter = try Exporter(cache: export.cache.value, pipeline: pipeline)
        let rows = try exporter.index(format, to: export.out)
        try export.conclude(
            counted(rows, "row"), what: "index", pipeline: chosen,
            coverage: exporter.coverage(of: chosen, written: nil), parts: pipeline == nil ? exporter.coverages() : [],
            columns: exporter.indexColumns(format)
        ) {
            Unsealed.tell(try exporter.unsealed())
            if let broken = try exporter.brokenShards() { say(broken) }
        }
    }
}

/// The notice about rows that are not in any index yet.
enum Unsealed {
    /// Returns the notice, or nil if there are none.
    static func text(_ count: Int) -> String? {
        count == 0
            ? nil
            : "\(counted(count, "result")) not in the index yet, as shards are open: run again to seal them"
    }

    static func tell(_ count: Int) {
        if let text = text(count) { say(text) }
    }
}
