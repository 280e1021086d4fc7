import ArgumentParser
import Cache
import Ledger
import Results
import Wording

struct ExportCommand: ParsableCommand {
    enum What: String, ExpressibleByArgument, CaseIterable { case scores, index }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write clip scores, or where rows lie, into a file.",
        discussion: """
            What is there is written, and beside it PATH.meta.json: how many clips it is of, the pipeline and its models. \
            Where clips of the cache are missing in it, that is said and the exit status is 3.

            EXAMPLE  earmark export scores --cache c --format csv --out scores.csv

            The index has the rows of all pipelines, unless one is named, in clip order and a clip's by kind and stage. \
            Its columns are clip, kind, shard, first and count, then stage (the first twelve digits of the fingerprint \
            of what made the rows) and hop (samples from one chunk to the next, at the rate that the pipeline resamples \
            to). With another number of workers only shard and first differ. Rows of shards that a run has not sealed yet are left out, and counted.
            """)

    @Argument(help: "scores or index.") var what: What
    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the last one that makes scores; of the index, all).")
    var pipeline: String?
    @Option(help: "csv, jsonl or npy.") var format: Exporter.Format = .csv
    @Option(help: ArgumentHelp("File to write; - for standard output.", valueName: "path"), completion: .file())
    var out: String

    func run() throws {
        try OutputPath.check(out)
        let isPiped = OutputPath.isStandardOutput(out)
        if isPiped, format == .npy {
            throw CommandError(
                Status.usage, "--format npy is three files (scores, clips, classes), expected --out with a path")
        }
        let chosen = try chosen()
        let exporter = try Exporter(cache: cache.value, pipeline: what == .scores ? chosen.name : pipeline)
        let clips = what == .scores ? try exporter.scores(format, to: out) : nil
        let summary = try clips.map { counted($0, "clip") } ?? counted(exporter.index(format, to: out), "row")
        if isPiped { say("\(summary) in \(out)") } else { print("\(summary) in \(out)") }
        if what == .index { Unsealed.tell(try exporter.unsealed()) }
        let coverage = try exporter.coverage(of: chosen, written: clips)
        if !isPiped {
            try ExportRecord(version: Earmark.version, pipeline: chosen, coverage: coverage).write(
                beside: out)
        }
        try CoverageText.conclude(coverage, what: what.rawValue)
    }

    private func chosen() throws -> PipelineRecord {
        let ledger = try cache.value.reading()
        guard what == .scores else { return try PipelineChoice.find(ledger, name: pipeline) }
        let scored = try PipelineChoice.scored(ledger, name: pipeline)
        if let notice = scored.notice { say(notice) }
        return scored.pipeline
    }
}

extension Exporter.Format: ExpressibleByArgument {}

/// What is said of rows that no index has yet.
enum Unsealed {
    /// nil where there are none.
    static func text(_ count: Int) -> String? {
        count == 0
            ? nil
            : "\(counted(count, "result")) not in the index yet, as shards are open: run again to seal them"
    }

    static func tell(_ count: Int) {
        if let text = text(count) { say(text) }
    }
}
