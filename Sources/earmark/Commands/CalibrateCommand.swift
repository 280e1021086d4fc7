import ArgumentParser
import Cache
import Corpora
import Errors
import Evaluation
import Files
import Foundation
import Ledger
import Results
import Sessions
import Wording

struct CalibrateCommand: ParsableCommand {
    enum Aim: String, ExpressibleByArgument, CaseIterable { case f1 }

    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Find a threshold for each class from clips whose labels are known, or from judged events.",
        discussion: """
            A class's threshold is the one with the best F1 or, with --precision, the one with the largest recall at \
            that precision. It lies midway between two neighbouring scores. The table has one row per class: the \
            threshold; its precision, recall and F1 on these same clips; 95 % intervals (Wilson's for precision and \
            recall, by bootstrap over clips for the threshold); and the numbers of clips with and without the class. \
            A class with too few of either, or one that never reaches the precision, keeps its default: its \
            threshold is empty, and a note says why.

            --reviewed takes events that reviewers judged ('earmark review') instead of a truth: accepted ones have the \
            class, rejected ones do not, and an event's score is the highest value of its curve. Recall refers to the \
            events that were shown. Judge some of every band of scores: a queue of the most doubtful ones says little \
            about the others.

            'stats', 'evaluate' and 'export' take the table with --thresholds; 'model set-thresholds' puts it into a \
            model.

            EXAMPLE  earmark calibrate --cache c --truth m.csv --out thresholds.csv
            EXAMPLE  earmark calibrate --cache c --truth m.csv --precision 0.9 --out thresholds.csv
            EXAMPLE  earmark calibrate --cache c --reviewed --out thresholds.csv
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: ArgumentHelp("A manifest with labels.", valueName: "csv"), completion: .csv) var truth: String?
    @Flag(help: "Take events that reviewers judged in place of a truth.") var reviewed = false
    @OptionGroup var labelMap: LabelMapOption
    @Option(name: .customLong("for"), help: "f1: the best F1 (the default).") var aim: Aim?
    @Option(help: "Precision to reach, above 0 and at most 1, instead of the best F1.") var precision: Double?
    @Option(
        help: """
            Fewest clips (or judged events) with a class, and fewest without it, from which its threshold is found.
            """)
    var least = 10
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last that makes scores).")
    var pipeline: String?
    @Option(help: "Bootstrap resamples; 0 for no threshold intervals.") var resamples = 1000
    @Option(
        help: ArgumentHelp("Table of thresholds to write; - for standard output.", valueName: "path"),
        completion: .csv)
    var out: String
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (truth != nil) != reviewed else {
            throw ValidationError("expected either --truth with a manifest or --reviewed")
        }
        guard labelMap.labelMap == nil || truth != nil else {
            throw ValidationError("--label-map is for the labels of a truth, expected --truth as well")
        }
        guard aim == nil || precision == nil else {
            throw ValidationError("--for and --precision are two goals, expected one of them")
        }
        if let precision, !(precision > 0 && precision <= 1) {
            throw ValidationError("--precision is \(precision), expected above 0 and at most 1")
        }
        guard least >= 1 else { throw ValidationError("--least is \(least), expected 1 or more") }
        guard (0...100_000).contains(resamples) else {
            throw ValidationError("--resamples is \(resamples), expected 0 to 100000")
        }
    }

    func run() throws {
        try OutputPath.check(out)
        let isPiped = OutputPath.isStandardOutput(out)
        if isPiped, json {
            throw CommandError(
                .usage, "--json and the table both go to standard output, expected --out with a path")
        }
        let calibrator = Calibrator(
            goal: precision.map { .precision($0) } ?? .bestF1, least: least, resamples: resamples)
        guard let truth else { return try runReviewed(calibrator, isPiped: isPiped) }
        let manifest = try Manifest.reading(truth)
        let scored = try PipelineChoice.scored(cache.value.reading(), name: pipeline)
        if let notice = scored.notice { say(TerminalText.plain(notice)) }
        let result = try CalibrationBuilder(cache: cache.value, pipeline: scored.name).calibrate(
            by: manifest, map: labelMap.read(ScoredModel(scored).names), calibrator)
        let table = result.calibration.csv()
        try FileSystem.write(out) { try $0(table[...]) }
        if !isPiped {
            try ExportRecord(
                version: Earmark.version, pipeline: scored.pipeline, coverage: result.coverage,
                settings: settings(result.calibration, truth: truth)
            ).write(beside: out)
        }
        if json {
            print(result.calibration.json(coverage: result.coverage, truth: result.truthCoverage))
        } else {
            let text = CalibrationText.lines(result, out: out).joined(separator: "\n")
            if isPiped { sayWrapped(text) } else { printWrapped(text) }
        }
        try CoverageText.conclude(result.coverage, what: "scores")
    }
}

extension CalibrateCommand {
    /// The settings of the calibration, for the table's record.
    private func settings(_ calibration: Calibration, truth: String) throws -> [(name: String, value: String)] {
        var found = [
            (name: "truth", value: FileSystem.absolute(truth)),
            (name: "truth.sha256", value: SHA256.of(try FileSystem.read(truth))),
        ]
        if let map = labelMap.labelMap {
            found.append(("label-map", FileSystem.absolute(map)))
            found.append(("label-map.sha256", SHA256.of(try FileSystem.read(map))))
        }
        return found + goal(calibration)
    }

    private func goal(_ calibration: Calibration) -> [(name: String, value: String)] {
        [
            ("for", calibration.goal.description), ("least", "\(calibration.least)"),
            ("resamples", "\(calibration.resamples)"), ("seed", "\(calibration.seed)"),
        ]
    }

    /// By the events that reviewers judged.
    private func runReviewed(_ calibrator: Calibrator, isPiped: Bool) throws {
        let result = try ReviewedCalibration(cache: cache.value, pipeline: pipeline).calibrate(calibrator)
        for line in result.use.damage { say("earmark: \(TerminalText.plain(line))") }
        guard result.use.used > 0 else {
            // A table without any threshold would replace a good one.
            throw CommandError(
                .badInput, at: cache.value.judgements.path,
                "found no judgement that can be used, expected some\(result.use.leftOut.map { "; " + $0 } ?? "")")
        }
        let table = result.calibration.csv()
        try FileSystem.write(out) { try $0(table[...]) }
        if !isPiped {
            try ExportRecord(
                version: Earmark.version, pipeline: result.pipeline, coverage: result.coverage,
                settings: [("truth", "reviewers' judgements"), ("judgements", "\(result.use.used)")]
                    + goal(result.calibration)
            ).write(beside: out)
        }
        if json {
            print(result.calibration.json(coverage: result.coverage, truth: nil))
            say(result.use.text)
        } else {
            let lines = [result.use.text] + CalibrationText.lines(result.calibration, out: out)
            for line in lines { if isPiped { say(line) } else { print(line) } }
        }
        try CoverageText.conclude(result.coverage, what: "scores")
    }
}

/// Describes a calibration in words.
enum CalibrationText {
    /// Lines that say what the truth covers, how many classes have a threshold, and how each class fared that has a
    /// clip in the truth.
    static func lines(_ result: CalibrationBuilder.Result, out: String) -> [String] {
        [result.truthCoverage?.text, result.coverage.skipped?.text].compactMap(\.self)
            + lines(result.calibration, out: out)
    }

    /// How many classes have a threshold, then each class of which something is known.
    static func lines(_ calibration: Calibration, out: String) -> [String] {
        let (all, found) = (calibration.classes.count, calibration.found)
        var lines: [String] = []
        lines.append(
            "thresholds for \(calibration.goal) of \(found) of \(counted(all, "class", "classes")): \(out)"
                + (found < all ? "; \(all - found) keep their default" : ""))
        let isOfEvents = calibration.unit == "event"
        // A truth says of every clip which classes it has not; of events, only judged ones say that.
        let known = calibration.classes.filter { $0.positives > 0 || (isOfEvents && $0.negatives > 0) }
        for row in known { lines.append("  " + line(row, calibration)) }
        let absent = calibration.classes.count - known.count
        if absent > 0 {
            lines.append(
                "  \(counted(absent, "class", "classes")) without "
                    + (isOfEvents ? "a judged event" : "a clip in the truth"))
        }
        return lines
    }

    private static func line(_ row: ClassCalibration, _ calibration: Calibration) -> String {
        guard let found = row.threshold else {
            return "default  \(row.name): \(row.reason(in: calibration) ?? "")"
        }
        func text(_ value: Double, _ interval: Interval?) -> String {
            Figures.fixed(value, 3)
                + (interval.map { " (\(Figures.fixed($0.low, 3)) to \(Figures.fixed($0.high, 3)))" } ?? "")
        }
        let counts = found.counts
        return "\(text(found.value, found.interval))  precision \(text(counts.precision, counts.precisionInterval))  "
            + "recall \(text(counts.recall, counts.recallInterval))  F1 \(Figures.fixed(counts.f1, 3))  "
            + "\(counted(row.positives, calibration.unit))  \(row.name)"
    }
}
