import ArgumentParser
import Cache
import Evaluation
import Ledger
import Results
import Sessions
import Wording

struct ExportLabelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "Write which classes each clip has: clip, path, label, score, rank.",
        discussion: """
            One row for each clip and class whose score is at or above the class's threshold, clip by clip, the best \
            first. The rank is the class's place among all classes of the clip, whichever are selected. --top alone \
            takes that many of the best classes of every clip, whatever their scores. SQLite files have the tables \
            clips, classes, labels and provenance. --reviewed adds what reviewers judged: verdict, reviewer and judged_at \
            of the clip's events of the class; judged classes that are not among the labels have rows without a score.

            EXAMPLE  earmark export labels --cache c --threshold 0.6 --class Dog --out dogs.csv
            EXAMPLE  earmark export labels --cache c --thresholds thresholds.csv --format sqlite --out labels.sqlite
            """)

    @OptionGroup var export: ExportOptions
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last that makes scores).")
    var pipeline: String?
    @Option(help: "csv, jsonl or sqlite.") var format: LabelExport.Format = .csv
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var reviewed: ReviewedOption

    func run() throws {
        try export.check()
        let ledger = try export.cache.value.reading()
        let scored = try PipelineChoice.scored(ledger, name: pipeline)
        if let notice = scored.notice { say(TerminalText.plain(notice)) }
        let contents = try reviewed.contents(export.cache.value)
        let (labels, summary) = try ledger.consistently { () -> (LabelExport, LabelExport.Summary) in
            let labels = try LabelExport(
                cache: export.cache.value, ledger: ledger, pipeline: scored.name, request: selection.request,
                version: Earmark.version, reviewed: contents)
            return (labels, try labels.write(format, to: export.out))
        }
        try export.conclude(
            (summary.judged.map {
                "\(counted(summary.labels + $0.others, "row")) written; found \(counted(summary.labels, "label"))"
            } ?? counted(summary.labels, "label")) + " of \(counted(summary.coverage.done, "clip"))"
                + labels.selection.thresholdNote, what: "labels",
            pipeline: labels.pipeline, coverage: summary.coverage, settings: labels.settings,
            columns: summary.columns
        ) {
            if let judged = summary.judged {
                say(
                    "\(counted(judged.labels, "label")) judged; \(counted(judged.others, "judged class", "judged classes")) "
                        + "that are none of a clip's labels")
            }
            for line in contents?.damage ?? [] { say("earmark: \(TerminalText.plain(line))") }
        }
    }
}

extension LabelExport.Format: ExpressibleByArgument {}
