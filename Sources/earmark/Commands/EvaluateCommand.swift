import ArgumentParser
import Cache
import Corpora
import Engines
import Evaluation
import Features
import Files
import Foundation
import Training
import Wording

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Hold models against the labels of a split: mAP, AUC, d', micro AP, lwlrap.",
        discussion: """
            Features that the cache lacks are computed first. Intervals are 95 %, by bootstrap over clips.

            EXAMPLE  earmark evaluate lean/model.safetensors --manifest m.csv --split eval --cache c --out report
            EXAMPLE  earmark evaluate a.safetensors b.safetensors --manifest m.csv --split eval --cache c --ablation
            """)

    @Argument(help: "Model files.", completion: .safetensors) var models: [String]
    @Option(help: ArgumentHelp("Clips with labels and splits.", valueName: "csv"), completion: .csv)
    var manifest: String
    @Option(help: "Split to evaluate on (default: all clips).") var split: String?
    @Option(help: ArgumentHelp("Folder of the cache.", valueName: "dir"), completion: .directory) var cache =
        "Cache/features"
    @Option(help: ArgumentHelp("The pipeline that makes the features.", valueName: "yaml"), completion: .yaml)
    var pipeline = "features.yaml"
    @Option(help: "Share of a chunk that the next one repeats.") var overlap = 0.5
    @Option(
        help: ArgumentHelp("Folder for classes.csv, summary.json and report.html.", valueName: "dir"),
        completion: .directory)
    var out: String?
    @Option(help: "Resamples of the bootstrap; 0 for no intervals.") var resamples = 200
    @Option(help: "Threads (default: one a processor).") var workers = ProcessInfo.processInfo.activeProcessorCount
    @Flag(help: "A table: each model with 50 % overlap and none, in its own precision and in int8, with its size.")
    var ablation = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard !models.isEmpty else { throw ValidationError("no model, expected at least one") }
        guard models.count == 1 || ablation || out == nil else {
            throw ValidationError("--out takes the report of one model, found \(models.count)")
        }
        guard resamples >= 0 else { throw ValidationError("--resamples is \(resamples), expected 0 or more") }
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
    }

    func run() throws {
        if let out { try OutputPath.check(folder: out, names: ["classes.csv", "summary.json", "report.html"]) }
        let list = try Manifest.reading(manifest)
        let clips = try Labels.clips(list, split: split)
        let loaded = try models.map { (path: $0, model: try Model.load(path: $0)) }
        for (path, model) in loaded {
            guard model.frontEnd == .standard else {
                throw TrainingError(
                    .badInput,
                    "\(path): front-end \(model.frontEnd), expected that of the cache, \(FrontEnd.standard)")
            }
            try Labels(classes: model.classes).check(clips, manifest: list, split: split ?? "", isTraining: false)
        }
        try FeatureFlow(pipeline: pipeline, manifest: manifest, cache: cache, workers: workers, quiet: false).run()
        let judge = ModelEvaluator(
            clips: clips.map(\.entry), cache: CacheFolder(folder: cache), threads: workers, resamples: resamples)
        if ablation {
            try AblationTable(judge: judge, models: loaded.map(\.path), overlap: overlap).print(json: json)
            return
        }
        for (path, model) in loaded { try report(path, judge.report(model, overlap: overlap)) }
    }

    private func report(_ path: String, _ report: SummaryReport) throws {
        if let out {
            try FileSystem.makeFolder(FileSystem.absolute(out))
            for (name, text) in [
                ("classes.csv", report.csv()), ("summary.json", report.json()),
                ("report.html", report.html(title: "Earmark: \(path)")),
            ] { try FileSystem.write(out + "/" + name) { try $0(Array(text.utf8)[...]) } }
        }
        if json {
            print(report.json())
            return
        }
        guard let truth = report.truth else { return }
        print(
            "\(path): \(report.truthCoverage.map { $0.text + "; " } ?? "")"
                + "\(counted(truth.scoredClasses, "class", "classes")) with both kinds of clip")
        if let gap = report.silencedEnd { print("  " + gap) }
        func line(_ name: String, _ value: Double, _ interval: Interval?) {
            let range = interval.map { "  (95 %: \(Figures.fixed($0.low, 4)) to \(Figures.fixed($0.high, 4)))" } ?? ""
            print("  \(name.padding(toLength: 10, withPad: " ", startingAt: 0)) \(Figures.fixed(value, 4))\(range)")
        }
        if truth.scoredClasses == 0 { print("  no mAP, AUC and d': \(SummaryReport.Truth.undefinedMeans)") }
        if truth.scoredClasses > 0 {
            line("mAP", truth.meanAveragePrecision, truth.meanAveragePrecisionInterval)
            line("AUC", truth.meanAUC, truth.meanAUCInterval)
            line("d'", truth.dPrime, truth.dPrimeInterval)
        }
        line("micro AP", truth.microAveragePrecision, nil)
        line("lwlrap", truth.lwlrap, truth.lwlrapInterval)
        if truth.singleLabelClips > 0 { line("top-1", truth.topOneAccuracy, truth.topOneAccuracyInterval) }
        for entry in report.classes.sorted(by: { $0.name < $1.name }) where !json {
            guard let metrics = entry.truth?.metrics, metrics.positives > 0 else { continue }
            print(
                "  AP \(Figures.fixed(metrics.averagePrecision, 4))  AUC \(Figures.fixed(metrics.auc, 4))  "
                    + "\(counted(metrics.positives, "clip"))  \(entry.name)")
        }
    }
}
