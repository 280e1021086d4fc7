import ArgumentParser
import Cache
import Corpora
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

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a network, or a classifier on a model's cached embeddings.",
        discussion: """
            Without the name of one of the two, 'train' trains a network: 'earmark train --manifest m.csv ...' is \
            'earmark train network --manifest m.csv ...'. A head is trained in seconds, and needs few clips.

            EXAMPLE  earmark train --manifest m.csv --cache c --init Models/yamnet.safetensors --out lean
            EXAMPLE  earmark train head --manifest m.csv --cache c --out head.safetensors
            """,
        subcommands: [TrainNetworkCommand.self, TrainHeadCommand.self], defaultSubcommand: TrainNetworkCommand.self)
}

struct TrainNetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Train LEAN, or one of its parts, on cached features.",
        discussion: """
            Features that the cache lacks are computed first, by the pipeline. The folder --out then holds \
            model.safetensors (the best epoch), checkpoint.safetensors, history.csv, and report.html with the learning curves \
            unless a report of 'evaluate' is there. The same command resumes an interrupted training, and ends with exactly \
            the weights of an uninterrupted one.

            The settings may also be given in the pipeline's file, under 'train:'; the command line takes precedence.

            EXAMPLE  earmark train network --manifest m.csv --cache c --init Models/yamnet.safetensors --out lean
            """)

    @Argument(help: "The pipeline that makes the features, a YAML file.", completion: .yaml)
    var pipeline = "features.yaml"
    @Option(help: ArgumentHelp("Clips with labels and splits.", valueName: "csv"), completion: .csv)
    var manifest: String
    @Option(help: ArgumentHelp("Folder of the cache.", valueName: "dir"), completion: .directory) var cache =
        "Cache/features"
    @Option(help: ArgumentHelp("Folder for model, checkpoint and history.", valueName: "dir"), completion: .directory)
    var out: String
    @OptionGroup(title: "Settings") var settings: SettingOptions
    @Option(help: "Threads; the weights do not depend on their number (default: one per processor).")
    var workers = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "Licence of the weights, for the model's header.") var licence: String?
    @Flag(help: "Start afresh even if --out holds a checkpoint.") var restart = false
    @Flag(help: "Print only the last line.") var quiet = false

    func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
    }

    func run() throws {
        try SystemLimits.require()
        try OutputPath.check(
            folder: out,
            names: [
                "model.safetensors", "checkpoint.safetensors", "history.csv", "history.csv.meta.json", "report.html",
            ])
        // Loaded only for its settings and graph; the run that computes the features fetches the model that it may
        // need.
        let models = try NamedModels(absent: .leave, quiet: true)
        let loaded = try PipelineLoader.load(
            path: ShippedFiles.pipeline(pipeline), sets: [], locate: models.locate)
        let (spec, graph) = (loaded.spec, loaded.graph)
        var settings = try settings.merged(with: spec)
        settings.initial = try settings.initial.map { try NamedModels(absent: .fetch, quiet: quiet).file($0) }
        let list = try Manifest.reading(manifest, quiet: quiet).countingChannels(stream: graph.audioStream)
        let clips = try Labels.clips(list, split: settings.trainSplit)
        let labels = try settings.classes.map { try Labels(file: $0) } ?? Labels.found(in: clips)
        try labels.check(clips, manifest: list, split: settings.trainSplit, isTraining: true)
        var validation: [Manifest.Entry]?
        if !settings.validationSplit.isEmpty {
            let held = try Labels.clips(list, split: settings.validationSplit)
            try labels.check(held, manifest: list, split: settings.validationSplit, isTraining: false)
            validation = held.map(\.entry)
        }
        let metadata = try metadata(settings, labels, clips: clips.count)
        let files = Trainer.Files(folder: out)
        try FileSystem.makeFolder(FileSystem.absolute(out))
        if restart { try FileSystem.remove(files.checkpoint) }
        // The two splits may be one.
        let needed = clips.map(\.entry) + (settings.validationSplit == settings.trainSplit ? [] : validation ?? [])
        try FeatureFlow(
            pipeline: pipeline, manifest: manifest, clips: needed, cache: cache, workers: workers, quiet: quiet
        ).run()
        let chunks = { (entries: [Manifest.Entry]) in try set(entries, settings, labels) }
        let trainer = try Trainer(
            options: settings.options, metadata: metadata,
            training: chunks(clips.map(\.entry)), validation: validation.map(chunks), initial: settings.initial,
            files: files, threads: workers)
        let origin = try writeOrigin(settings, graph, training: clips.count, validation: validation?.count)
        try train(trainer, files, settings.options) { try writePage(files, origin) }
    }

    /// Draws the learning curves, unless there is a page that training did not write.
    private func writePage(_ files: Trainer.Files, _ origin: SummaryReport.Origin) throws {
        let path = out + "/report.html"
        guard FileSystem.isFile(files.history) else { return }
        if FileSystem.exists(path), try !TrainingPage.isOne(FileSystem.read(path, upTo: 4096)) { return }
        let page = TrainingPage.html(
            try TrainingHistory(contentsOf: files.history), origin: origin, title: "Earmark: \(files.model)")
        try FileSystem.write(path) { try $0(Array(page.utf8)[...]) }
    }

    /// Puts beside the history what the training was made of, and returns it. Every clip of the splits has features by now.
    private func writeOrigin(
        _ settings: TrainingSettings, _ graph: Graph, training: Int, validation: Int?
    ) throws -> SummaryReport.Origin {
        let start = try settings.initial.map { path in
            SummaryReport.Origin.Model(
                stage: nil, path: FileSystem.absolute(path), digest: try ModelDigest.ofFile(path))
        }
        let told: [(name: String, value: String?)] =
            [
                ("cache", FileSystem.absolute(cache)), ("manifest", FileSystem.absolute(manifest)),
                ("classes", settings.classes.map { FileSystem.absolute($0) }), ("train-split", settings.trainSplit),
                ("training-clips", "\(training)"), ("validation-split", settings.validationSplit),
                ("validation-clips", validation.map { "\($0)" }),
            ] + settings.options.values.map { ($0.name, $0.value) }
        let origin = SummaryReport.Origin(
            version: Earmark.version, graph: graph, models: start.map { [$0] } ?? [], settings: told)
        let clips = training + (validation ?? 0)
        let text = origin.meta(Coverage(clips: clips, done: clips, failed: 0))
        try FileSystem.write(out + "/history.csv.meta.json") { try $0(Array(text.utf8)[...]) }
        return origin
    }

    private func set(_ entries: [Manifest.Entry], _ settings: TrainingSettings, _ labels: Labels) throws -> ChunkSet {
        let set = try ChunkSet(
            entries, classes: labels.classes, cache: CacheFolder(folder: cache),
            architecture: Architecture(rawValue: settings.options.architecture) ?? .lean,
            overlap: settings.options.overlap,
            normalization: Normalization(rawValue: settings.options.normalization) ?? .chunkMean)
        if set.clipsWithSilencedEnd > 0 {
            say(
                "the last 20 ms of \(counted(set.clipsWithSilencedEnd, "clip")) are taken for silence: the cache was made with "
                    + "another overlap, and keeps no samples to make those frames of")
        }
        if !quiet {
            say(
                "\(counted(set.clipCount, "clip")), \(Figures.fixed(set.hours, 2)) h, "
                    + "\(counted(set.chunkCount, "chunk")) of one second")
        }
        return set
    }

    private func metadata(_ settings: TrainingSettings, _ labels: Labels, clips: Int) throws -> ModelMetadata {
        let initial = try settings.initial.map { try ModelFile(path: $0).metadata }
        let start = initial.map { "from \($0.source)" } ?? "from random weights"
        return ModelMetadata(
            architecture: Architecture(rawValue: settings.options.architecture) ?? .lean,
            normalization: Normalization(rawValue: settings.options.normalization) ?? .chunkMean,
            classes: labels.classes, classIDs: labels.ids, licence: licence ?? initial?.licence ?? "unspecified",
            source: "trained by earmark \(Earmark.version) on \(counted(clips, "clip")), "
                + "seed \(settings.options.seed), \(start)")
    }

    /// - Parameter finish: called when training has ended, be it by an interruption.
    private func train(
        _ trainer: Trainer, _ files: Trainer.Files, _ options: TrainingOptions, finish: () throws -> Void
    ) throws {
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        if trainer.epochsDone > 0 { say("going on after epoch \(trainer.epochsDone) of \(options.epochs)") }
        let display = TrainingDisplay(epochs: options.epochs, quiet: quiet)
        let end = try trainer.run(stop: stop) { display.show($0) }
        try finish()
        if end == .interrupted {
            say("interrupted after epoch \(trainer.epochsDone); the same command goes on from there")
            throw ExitCode(Status.tryAgain)
        }
        let best = trainer.best.map { "epoch \($0.epoch)" } ?? "no epoch"
        let score = trainer.best.flatMap { $0.validationMAP.isNaN ? nil : $0.validationMAP }
        let word = end == .nothingToDo ? "nothing to do: " : end == .stoppedEarly ? "stopped early: " : ""
        print(
            "\(word)\(files.model): \(best)\(score.map { ", validation mAP \(Figures.fixed($0, 4))" } ?? "")")
    }
}
