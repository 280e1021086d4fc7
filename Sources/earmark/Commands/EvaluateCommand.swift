import Errors
import ArgumentParser
import Cache
import Corpora
import Engines
import Evaluation
import Features
import Files
import Foundation
import Models
import Pipeline
import Results
import Sessions
import Stages
import Training
import Wording

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluate models on the labels of a split: mAP, AUC, d', micro AP, lwlrap.",
        discussion: """
            Features that the cache lacks are computed first. A label must be the name or identifier of one of the \
            model's classes, or be in the label map. Intervals are 95 %, by bootstrap over clips.

            EXAMPLE  earmark evaluate lean/model.safetensors --manifest m.csv --split eval --cache c --out report
            EXAMPLE  earmark evaluate a.safetensors b.safetensors --manifest m.csv --split eval --cache c --ablation
            """)

    @Argument(help: "Model files, or names of models.", completion: .safetensors) var models: [String]
    @Option(help: ArgumentHelp("Clips with labels and splits.", valueName: "csv"), completion: .csv)
    var manifest: String
    @Option(help: "Split to evaluate on (default: all clips).") var split: String?
    @OptionGroup var labelMap: LabelMapOption
    @OptionGroup var thresholds: ThresholdOptions
    @Option(help: ArgumentHelp("Folder of the cache.", valueName: "dir"), completion: .directory) var cache =
        "Cache/features"
    @Option(help: ArgumentHelp("The pipeline that makes the features.", valueName: "yaml"), completion: .yaml)
    var pipeline = "features.yaml"
    @Option(help: "Share of each chunk that the next one repeats.") var overlap = 0.5
    @Option(
        help: ArgumentHelp("Folder for classes.csv, summary.json and report.html.", valueName: "dir"),
        completion: .directory)
    var out: String?
    @OptionGroup var figures: FigureOptions
    @Option(help: "Bootstrap resamples; 0 for no intervals.") var resamples = 200
    @Option(help: "Threads (default: one per processor).") var workers = ProcessInfo.processInfo.activeProcessorCount
    @Flag(
        help: "Print a table: each model with --overlap and with none, in its own precision and in int8, with its size."
    )
    var ablation = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard !models.isEmpty else { throw ValidationError("no model, expected at least one") }
        guard models.count == 1 || ablation || out == nil else {
            throw ValidationError("--out takes the report of one model, found \(models.count)")
        }
        guard figures.figures == nil || out != nil else {
            throw ValidationError("--figures is for the pictures of a report, expected --out as well")
        }
        guard (0...100_000).contains(resamples) else {
            throw ValidationError("--resamples is \(resamples), expected 0 to 100000")
        }
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
    }

    func run() throws {
        if let out {
            try OutputPath.check(
                folder: out, names: ["classes.csv", "classes.csv.meta.json", "summary.json", "report.html"])
        }
        try figures.check()
        let features = try PipelineLoader.load(
            path: ShippedFiles.pipeline(pipeline), sets: [],
            locate: NamedModels(absent: .leave, quiet: true).locate)
        let list = try Manifest.reading(manifest).countingChannels(stream: features.graph.audioStream)
        let clips = try Labels.clips(list, split: split)
        let engines = NamedModels.engines
        let named = try NamedModels(absent: .fetch)
        let loaded = try models.map { name in
            let path = try named.file(name)
            return (path: path, engine: try engines.load(path))
        }
        for (path, engine) in loaded {
            try Self.check(engine.model, path)
            let about = ScoredModel(engine.model)
            try Labels(classes: engine.model.classes, ids: engine.model.classIDs).check(
                clips, manifest: list, split: split ?? "", isTraining: false, map: labelMap.read(about.names))
            _ = try thresholds.read(about)
        }
        try FeatureFlow(
            pipeline: pipeline, manifest: manifest, clips: clips.map(\.entry), cache: cache, workers: workers,
            quiet: false
        ).run()
        let judge = ModelEvaluator(
            clips: clips.map(\.entry), cache: CacheFolder(folder: cache), threads: workers, resamples: resamples
        ) { [labelMap] in try labelMap.read($0, quiet: true) }
        if ablation {
            try AblationTable(judge: judge, models: loaded.map(\.path), overlap: overlap).print(json: json)
            return
        }
        for (path, engine) in loaded {
            let chosen = try thresholds.read(ScoredModel(engine.model))
            let found = try judge.evaluate(engine, overlap: overlap, thresholds: chosen)
            var summary = found.report
            summary.origin = try origin(path)
            try EvaluationReport(path: path, out: out, figures: figures, json: json).write(summary) { report in
                try page(path, report, found, clips.map(\.entry), thresholds: report.thresholds)
            }
        }
    }

    /// Checks that a model takes the features that are evaluated on.
    ///
    /// - Throws: `TrainingError` if its front-end, its sampling rate or its chunk length is another.
    private static func check(_ model: ModelDescription, _ path: String) throws {
        let cached = FrontEnd.standard
        if let wanted = model.frontEnd, wanted != cached {
            throw TrainingError(
                .badInput, at: ErrorPlace(path), "front-end \(wanted), expected that of the cache, \(cached)")
        }
        guard model.rate == cached.rate, model.chunk == cached.chunk else {
            throw TrainingError(
                .badInput, at: ErrorPlace(path),
                "chunks of \(model.chunk) samples at \(model.rate) Hz, expected those of the cache, "
                    + "\(cached.chunk) at \(cached.rate) Hz")
        }
    }

    /// The origin of a model's report: pipeline, model and settings.
    private func origin(_ path: String) throws -> SummaryReport.Origin {
        SummaryReport.Origin(
            version: Earmark.version,
            graph: try PipelineLoader.load(path: ShippedFiles.pipeline(pipeline), sets: []).graph,
            models: [.init(stage: nil, path: FileSystem.absolute(path), digest: try NamedModels.engines.digest(path))],
            settings: [
                ("cache", FileSystem.absolute(cache)), ("manifest", FileSystem.absolute(manifest)), ("split", split),
                ("overlap", "\(overlap)"), ("resamples", "\(resamples)"),
            ])
    }

    /// What the page shows beside the report.
    private func page(
        _ path: String, _ report: SummaryReport, _ found: ModelEvaluator.Evaluation, _ clips: [Manifest.Entry],
        thresholds: ClassThresholds
    ) throws -> ReportContent {
        let details = try ReportDetails(
            found.table, truth: found.truth, thresholds: thresholds,
            groups: .of(clips.lazy.map { (path: $0.path, split: $0.split) }))
        let examples = Set(details.classes.flatMap { $0.examples.map(\.clip) })
        return ReportContent(
            title: "Earmark: \(path)", summary: report, details: details,
            clips: Dictionary(
                uniqueKeysWithValues: examples.map {
                    ($0, ReportContent.Clip(name: clips[$0].clip, path: clips[$0].path))
                }),
            excerpts: ReportExcerpts(
                none:
                    "'evaluate' leaves no chunk scores in the cache, which would say where in a recording to look; 'earmark "
                    + "stats' shows them, of scores that a pipeline left there"),
            history: try TrainingHistory.beside(model: path))
    }
}
