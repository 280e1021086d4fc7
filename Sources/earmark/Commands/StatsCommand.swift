import ArgumentParser
import Cache
import Corpora
import Evaluation
import Files
import Foundation
import Ledger
import Results
import Sessions
import Wording

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Write per-class statistics: classes.csv, summary.json, report.html.",
        discussion: """
            Hours are the recordings' own lengths; hours above a threshold are the time covered by chunks at or \
            above it. With --truth every column, also hours and counts, is of the clips that the truth names; \
            statistics of all clips need a run of stats without it. A label of the truth must be the name or identifier of one of the model's classes, or be in \
            the label map; any other is refused. If clips of the cache have no scores yet, that is reported and the \
            exit status is 3.

            The page needs no network and no other file. It shows of each class its best and its most doubtful clips, and with \
            a truth its worst mistakes, with pictures and short cuts of the sound, until these fill the room that --examples-size \
            gives them.

            --reviewed takes what reviewers judged ('earmark review') as the truth: a clip has a class if an event of it was \
            accepted, and has it not if all of its events of the class were rejected. Each class's metrics are over the clips of \
            which that is known.

            --by hour says when each class was heard: one row for each hour of the day and class, with the clips and \
            the hours of sound that there are in it, the clips whose own score reaches the threshold (in the group in \
            which they begin), the clips in which a chunk reaches it, and the time that such chunks cover. date and month \
            are those of the clock of the recording's zone; a column's groups are its values. Clips without one are the \
            group (none).

            EXAMPLE  earmark stats --cache c --truth m.csv --thresholds thresholds.csv --out stats
            EXAMPLE  earmark stats --cache c --by hour --by site --out stats
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last that makes scores).")
    var pipeline: String?
    @Option(help: ArgumentHelp("A manifest with labels, for AP, AUC and d'.", valueName: "csv"), completion: .csv)
    var truth: String?
    @OptionGroup var labelMap: LabelMapOption
    @Flag(help: "Take what reviewers judged as the truth.") var reviewed = false
    @OptionGroup var thresholds: ThresholdOptions
    @OptionGroup var divisions: DivisionOptions
    @OptionGroup var examples: ExampleOptions
    @OptionGroup var figures: FigureOptions
    @Option(help: ArgumentHelp("Folder to write into.", valueName: "dir"), completion: .directory) var out: String

    func validate() throws {
        guard truth == nil || !reviewed else {
            throw ValidationError("--truth and --reviewed are two truths, expected one of them")
        }
        guard labelMap.labelMap == nil || truth != nil else {
            throw ValidationError("--label-map is for the labels of a truth, expected --truth as well")
        }
    }

    func run() throws {
        let report = try write()
        if let truth = report.truthCoverage {
            printWrapped(truth.text)
            if let limit = truth.limit { printWrapped(limit) }
        }
        printWrapped(
            "\(counted(report.clips, "clip"))"
                + (report.skipped.clips > 0 ? " (\(report.skipped.clips) of them skipped)" : "")
                + ", \(counted(report.classes.count, "class", "classes")): "
                + "\(out)/classes.csv, summary.json, report.html")
        printWrapped("thresholds: \(report.thresholdText)")
        if let coverage = report.coverage, let origin = report.origin {
            let whose = report.truthCoverage?.limit == nil ? "of" : "scores in the cache:"
            printWrapped("\(whose) \(coverage.text); \(TerminalText.plain(origin.text))")
        }
        if let skipped = report.coverage?.skipped { printWrapped(skipped.text) }
        if let truth = report.truth {
            print("mAP " + (truth.scoredClasses == 0 ? "none: \(SummaryReport.Truth.undefinedMeans)" : map(truth)))
        }
        if let gap = report.withoutChunkScores { say(gap) }
        if let gap = report.withoutLength { say(gap) }
        if let coverage = report.coverage { try CoverageText.conclude(coverage, what: "scores") }
    }

    private func map(_ truth: SummaryReport.Truth) -> String { Figures.fixed(truth.meanAveragePrecision, 4) }

    /// With what reviewers judged, of which standard error tells how much it is.
    private func reviewedContent(_ builder: StatisticsBuilder, _ model: ScoredModel) throws -> ReportContent {
        var request = SelectionRequest()
        (request.threshold, request.thresholds) = (thresholds.threshold, thresholds.thresholds)
        let contents = try cache.value.judgements.required()
        var (content, truth) = try builder.content(
            reviewed: contents, request: request, thresholds: thresholds.read(model),
            examples: examples.settings(hasFiles: figures.figures != nil))
        for line in contents.damage { say("earmark: \(TerminalText.plain(line))") }
        let known = truth.known.filter { !$0.rows.isEmpty }
        let (alone, rejected) = (known.count { !$0.has.contains(false) }, known.count { !$0.has.contains(true) })
        let both = known.count - alone - rejected
        let judged =
            "judged: \(counted(truth.pairs, "pair")) of clip and class in \(counted(truth.clips, "clip")) and "
            + "\(counted(truth.classes, "class", "classes")), \(truth.positives) of them accepted; the others are not known, "
            + "and each class's metrics are over those that are; means are over the "
            + "\(counted(both, "class", "classes")) with clips of both kinds"
            + (alone > 0 ? ", without \(alone) of accepted clips alone" : "")
            + (rejected > 0 ? ", without \(rejected) of rejected clips alone" : "")
        say(judged)
        content.judged = "The truth is what reviewers judged. " + judged + "."
        return content
    }

    /// Writes `classes.csv` with its record, `summary.json` and `report.html`, and returns the report that they hold.
    ///
    /// - Throws: what `OutputPath.check(folder:names:)`, the readers of the truth, label map and thresholds, and the
    ///   writers throw; `CacheError` if there are no scores.
    func write() throws -> SummaryReport {
        try OutputPath.check(
            folder: out, names: ["classes.csv", "classes.csv.meta.json", "summary.json", "report.html"])
        try figures.check()
        let manifest = try truth.map { try Manifest.reading($0) }
        let ledger = try cache.value.reading()
        let scored = try PipelineChoice.scored(ledger, name: pipeline)
        let kinds = try divisions.kinds(ledger)
        try OutputPath.check(
            folder: out, names: kinds.map(DivisionOptions.files).flatMap { [$0.csv, $0.csv + ".meta.json", $0.json] })
        if let notice = scored.notice { say(TerminalText.plain(notice)) }
        let model = ScoredModel(scored)
        let builder = StatisticsBuilder(cache: cache.value, pipeline: scored.name, by: kinds)
        var content =
            reviewed
            ? try reviewedContent(builder, model)
            : try builder.content(
                truth: manifest, map: labelMap.read(model.names), thresholds: thresholds.read(model),
                examples: examples.settings(hasFiles: figures.figures != nil))
        var report = content.summary
        report.origin = SummaryReport.Origin(
            version: Earmark.version, pipeline: scored.pipeline,
            settings: [
                ("cache", FileSystem.absolute(cache.cache)),
                ("truth", reviewed ? "reviewers' judgements" : truth.map { FileSystem.absolute($0) }),
                ("thresholds", report.thresholdText),
            ])
        content.summary = report
        content.title = "Earmark: \(cache.cache)"
        let page = ReportPage(content)
        try FileSystem.makeFolder(FileSystem.absolute(out))
        let files = [
            ("classes.csv", report.csv()), ("classes.csv.meta.json", report.meta()), ("summary.json", report.json()),
            ("report.html", page.html()),
        ]
        try FileSystem.write(together: files.map { (out + "/" + $0.0, Array($0.1.utf8)) })
        try DivisionOptions.write(content.divisions, kinds, report, to: out)
        try figures.write(page)
        if let excerpts = content.excerpts { say(excerpts.text) }
        return report
    }
}
