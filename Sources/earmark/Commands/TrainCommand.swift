import ArgumentParser
import Cache
import Corpora
import Errors
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

            With --teacher it learns from the chunk scores that another stage of the same cache keeps, such as YAMNet's, beside \
            the labels or in their place; the two must have the same chunks.

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
        try OutputPath.check(treeBelow: out)
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
        if let initial = settings.initial, OutputPath.isSame(initial, Trainer.Files(folder: out).model) {
            throw CommandError(.usage, at: initial, "it is the model that training replaces, expected another --out")
        }
        let list = try Manifest.reading(manifest, quiet: quiet).countingChannels(stream: graph.audioStream)
        let clips = try Labels.clips(list, split: settings.trainSplit)
        // Without a teacher, all labels are checked before anything is computed.
        let teaches = !settings.options.teacher.isEmpty
        let early = teaches ? nil : try checkedLabels(settings, clips, of: list, taughtBy: nil)
        let held =
            settings.validationSplit.isEmpty ? nil : try Labels.clips(list, split: settings.validationSplit)
        // The two splits may be one.
        let needed = (clips + (settings.validationSplit == settings.trainSplit ? [] : held ?? [])).map(\.entry)
        let flow = FeatureFlow(
            pipeline: pipeline, manifest: manifest, clips: needed, cache: cache, workers: workers, quiet: quiet)
        // The pipeline may make the teacher's scores with the features, and without labels its classes are ours.
        if teaches { try flow.run() }
        let stage =
            teaches ? try TeacherChoice.find(settings.options.teacher, cache: CacheFolder(folder: cache)) : nil
        let labels = try early ?? checkedLabels(settings, clips, of: list, taughtBy: stage)
        if let held {
            try labels.check(
                held, manifest: list, split: settings.validationSplit, isTraining: false, isValidation: true)
        }
        let validation = held?.map(\.entry)
        let metadata = try metadata(settings, labels, clips: clips.count)
        let files = Trainer.Files(folder: out)
        try FileSystem.makeFolder(FileSystem.absolute(out))
        if restart { try FileSystem.remove(files.checkpoint) }
        if !teaches { try flow.run() }
        let chunks = { (entries: [Manifest.Entry]) in try set(entries, settings, labels) }
        let training = try chunks(clips.map(\.entry))
        let trainer = try Trainer(
            options: settings.options, metadata: metadata, training: training, validation: validation.map(chunks),
            initial: settings.initial, teacher: stage.map { try scores(of: $0, settings, labels, training) },
            files: files, threads: workers)
        let origin = try writeOrigin(settings, graph, training: clips.count, validation: validation?.count)
        try train(trainer, files, settings.options) { try writePage(files, origin) }
    }

    /// The classes to learn, checked against the training clips: those of a file, else of the labels; without any label,
    /// those of the teacher.
    private func checkedLabels(
        _ settings: TrainingSettings, _ clips: [(row: Int, entry: Manifest.Entry)], of list: Manifest,
        taughtBy teacher: TeacherStage?
    ) throws -> Labels {
        var labels = try settings.classes.map { try Labels(file: $0) } ?? Labels.found(in: clips)
        if let teacher, settings.classes == nil, labels.classes.isEmpty {
            labels = Labels(classes: teacher.classes, ids: teacher.identifiers)
        }
        try labels.check(
            clips, manifest: list, split: settings.trainSplit, isTraining: true, hasTeacher: teacher != nil)
        return labels
    }

    /// Finds a teacher's scores of the chunks, and says what was matched and what was left out.
    private func scores(
        of stage: TeacherStage, _ settings: TrainingSettings, _ labels: Labels, _ set: ChunkSet
    ) throws -> TeacherScores {
        let names = ClassNames(labels.classes, identifiers: labels.ids)
        let map = try settings.labelMap.map { try LabelMap(contentsOf: $0, names: names) }
        let classes = try TeacherClasses(student: names, teacher: stage, map: map)
        let scores = try TeacherScores(
            stage, classes: classes, weight: settings.options.teacherWeight, set: set,
            cache: CacheFolder(folder: cache))
        for notice in map?.notices ?? [] { say("earmark: \(TerminalText.plain(notice))") }
        for line in classes.lines(teacher: stage.name, weight: settings.options.teacherWeight) { say(line) }
        if set.unlabelledClips > 0 {
            say("\(counted(set.unlabelledClips, "clip")) without labels, learnt from the teacher alone")
        }
        if scores.skippedChunks > 0 {
            say("\(counted(scores.skippedChunks, "chunk")) that the teacher skipped for their level, left out")
        }
        return scores
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
                ("classes", settings.classes.map { FileSystem.absolute($0) }),
                ("label-map", settings.labelMap.map { FileSystem.absolute($0) }), ("train-split", settings.trainSplit),
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
        var start = initial.map { "from \($0.source)" } ?? "from random weights"
        if !settings.options.teacher.isEmpty { start += ", taught by \(settings.options.teacher)" }
        var metadata = ModelMetadata(
            architecture: Architecture(rawValue: settings.options.architecture) ?? .lean,
            normalization: Normalization(rawValue: settings.options.normalization) ?? .chunkMean,
            classes: labels.classes, classIDs: labels.ids, licence: licence ?? initial?.licence ?? "unspecified",
            source: "trained by earmark \(Earmark.version) on \(counted(clips, "clip")), "
                + "seed \(settings.options.seed), \(start)")
        // What a network without attention or wave encoder is asked for there says nothing.
        if metadata.architecture == .lean { metadata.attentionScale = settings.options.attentionScale }
        if metadata.architecture.hasEncoder { metadata.waveScale = settings.options.waveScale }
        return metadata
    }

    /// - Parameter finish: called when training has ended, be it by an interruption.
    private func train(
        _ trainer: Trainer, _ files: Trainer.Files, _ options: TrainingOptions, finish: () throws -> Void
    ) throws {
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        if trainer.epochsDone > 0 { say("going on after epoch \(trainer.epochsDone) of \(options.epochs)") }
        // Not refused: the same training may be given more epochs later.
        if options.averaging != .none, options.averagingStart > options.epochs {
            say(
                "averaging begins with epoch \(options.averagingStart) of \(options.epochs): the weights that are kept are "
                    + "no average")
        }
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
