import Evaluation
import Files
import Foundation
import Results
import Wording

/// The report of one model's evaluation: written to a folder, and printed.
struct EvaluationReport {
    /// The model's file.
    let path: String
    /// Folder for the tables and the page; nil for none.
    let out: String?
    let figures: FigureOptions
    /// Whether it is printed as JSON.
    let json: Bool

    /// The names of the files in the folder.
    static let names = ["classes.csv", "classes.csv.meta.json", "summary.json", "report.html"]

    /// - Parameter page: makes what the page shows.
    /// - Throws: `FileError` if a file cannot be written; what `page` throws.
    func write(_ report: SummaryReport, page: (SummaryReport) throws -> ReportContent) throws {
        if let out {
            try FileSystem.makeFolder(FileSystem.absolute(out))
            let content = try page(report)
            let page = ReportPage(content)
            let texts = [report.csv(), report.meta(), report.json(), page.html()]
            try FileSystem.write(
                together: zip(Self.names, texts).map { (out + "/" + $0, Array($1.utf8)) })
            try figures.write(page)
            if figures.figures != nil, let excerpts = content.excerpts { say(excerpts.text) }
        }
        if json {
            print(report.json())
            return
        }
        guard let truth = report.truth else { return }
        if let origin = report.origin { print(TerminalText.plain(origin.text)) }
        printWrapped(
            "\(path): \(report.truthCoverage.map { $0.text + "; " } ?? "")"
                + "\(counted(truth.scoredClasses, "class", "classes")) with both kinds of clip")
        if let gap = report.silencedEnd { print("  " + gap) }
        print("  thresholds: \(report.thresholdText)")
        if truth.scoredClasses == 0 { print("  no mAP, AUC and d': \(SummaryReport.Truth.undefinedMeans)") }
        if truth.scoredClasses > 0 {
            line("mAP", truth.meanAveragePrecision, truth.meanAveragePrecisionInterval)
            line("AUC", truth.meanAUC, truth.meanAUCInterval)
            line("d'", truth.dPrime, truth.dPrimeInterval)
        }
        line("micro AP", truth.microAveragePrecision, nil)
        line("lwlrap", truth.lwlrap, truth.lwlrapInterval)
        if truth.singleLabelClips > 0 { line("top-1", truth.topOneAccuracy, truth.topOneAccuracyInterval) }
        for entry in report.classes.sorted(by: { $0.name < $1.name }) {
            guard let metrics = entry.truth?.metrics, metrics.positives > 0 else { continue }
            print(
                "  AP \(Figures.fixed(metrics.averagePrecision, 4))  AUC \(Figures.fixed(metrics.auc, 4))  "
                    + "\(counted(metrics.positives, "clip"))  \(entry.name)")
        }
    }

    private func line(_ name: String, _ value: Double, _ interval: Interval?) {
        let range = interval.map { "  (95 %: \(Figures.fixed($0.low, 4)) to \(Figures.fixed($0.high, 4)))" } ?? ""
        print("  \(name.padding(toLength: 10, withPad: " ", startingAt: 0)) \(Figures.fixed(value, 4))\(range)")
    }
}
