import ArgumentParser
import Corpus
import Evaluation
import Stages

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Write per-class statistics: classes.csv, summary.json, report.html.",
        discussion: "EXAMPLE  earmark stats --cache c --truth m.csv --out stats")

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline's name (default: the one that ran last).") var pipeline: String?
    @Option(help: ArgumentHelp("A manifest with labels, for AP, AUC and d'.", valueName: "csv"), completion: .csv)
    var truth: String?
    @Option(help: "Score from which on a clip counts as having a class, 0 to 1.") var threshold = 0.5
    @Option(help: ArgumentHelp("Folder to write into.", valueName: "dir"), completion: .directory) var out: String

    func validate() throws {
        guard (0...1).contains(threshold) else { throw ValidationError("--threshold is \(threshold), expected 0 to 1") }
    }

    func run() throws {
        let report = try write()
        print("\(report.clips) clips, \(report.classes.count) classes: \(out)/classes.csv, summary.json, report.html")
        if let truth = report.truth { print("mAP \(Figures.fixed(truth.meanAveragePrecision, 4))") }
    }

    /// Writes the three files and hands out what they say.
    func write() throws -> SummaryReport {
        let manifest = try truth.map { try Manifest(contentsOf: $0) }
        let report = try StatisticsBuilder(cache: cache.value, pipeline: pipeline).report(
            truth: manifest, threshold: threshold)
        try FileSystem.makeFolder(FileSystem.absolute(out))
        let files = [
            ("classes.csv", report.csv()), ("summary.json", report.json()),
            ("report.html", report.html(title: "Earmark: \(cache.cache)")),
        ]
        for (name, text) in files { try FileSystem.write(out + "/" + name) { try $0(Array(text.utf8)[...]) } }
        return report
    }
}
