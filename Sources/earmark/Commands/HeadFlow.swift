import Cache
import Corpora
import Engines
import Errors
import Evaluation
import Features
import Files
import Foundation
import Ledger
import Models
import Pipeline
import Results
import Sessions
import Training
import Wording

/// Trains a head: finds embeddings and clips, chooses the L2 penalty, trains, writes, evaluates.
struct HeadFlow {
    /// The most names that a line gives as examples.
    private static let shown = 3

    let command: TrainHeadCommand
    let options: HeadOptions

    /// The clips by what they are for, as places in the set of embeddings.
    private struct Parts {
        var training: [Int] = []
        var validation: [Int] = []
        var test: [Int] = []
    }

    /// How the L2 penalty was found, in words.
    private struct Choice {
        let l2: Double
        let text: String
    }

    func run() throws {
        let ledger = try command.cache.value.reading()
        let source = try EmbeddingSource.find(ledger, pipeline: command.pipeline, stage: command.stage)
        let base = try BaseModel(of: source, ledger)
        guard !OutputPath.isSame(base.path, command.out) else {
            throw CommandError(.usage, at: command.out, "it is the head's base, expected another file")
        }
        let manifest = try Manifest.reading(command.manifest).countingChannels(
            stream: PipelineSettings(text: source.pipeline.settings)?.audioStream)
        let splits = command.trainSplit.isEmpty ? ["train"] : command.trainSplit
        let rows = try splits.flatMap { try Labels.clips(manifest, split: $0) }
        let labels = try classes(rows)
        let wanted = Set(splits + [command.validationSplit, command.testSplit])
        let all = try Labels.clips(manifest, split: nil).map(\.entry)
        let entries = all.filter { wanted.contains($0.split) }
        tell(others: all.map(\.split).filter { !wanted.contains($0) })
        let set = try EmbeddingSet(
            entries, classes: labels.classes, cache: command.cache.value, stage: source.stage.id)
        let parts = parts(set, entries, splits)
        tell(set, labels, parts)
        if splits.contains(command.testSplit) {
            say("the clips of split '\(command.testSplit)' are both trained on and tested on")
        }
        guard parts.training.count > 1 else {
            throw TrainingError(
                .badInput, at: ErrorPlace(command.cache.value.folder),
                "\(parts.training.count) of \(counted(rows.count, "clip")) to train on \(parts.training.count == 1 ? "has" : "have") "
                    + "embeddings in this cache, expected 2 or more")
        }
        guard base.embeddingSize == set.size else {
            throw TrainingError(
                .badInput, at: ErrorPlace(command.cache.value.folder),
                "its embeddings have \(set.size) values, expected \(base.embeddingSize), as \(base.path) gives")
        }
        guard !parts.test.isEmpty || command.report == nil && !command.json else {
            throw TrainingError(
                .badInput, at: ErrorPlace(command.manifest),
                "no clip of split '\(command.testSplit)' with embeddings, expected one for the report")
        }
        let watch = Stopwatch()
        let trainer = HeadTrainer(set, options: options, threads: command.workers)
        let choice = try choose(trainer, set, parts, manifest)
        let trained = trainer.train(clips: parts.training, l2: choice.l2)
        if !trained.hasConverged { say("L-BFGS stopped at its largest number of steps, before it had converged") }
        let metadata = metadata(base, labels, size: set.size, clips: parts.training.count, choice)
        try HeadFile.write(parameters: trained.tensors, metadata: metadata, to: command.out)
        let chunks = parts.training.reduce(0) { $0 + set.clips[$1].rows.count }
        let classes = counted(labels.classes.count, "class", "classes")
        let embeddings = "\(grouped(chunks)) embeddings of \(base.name), \(source.dtype), of '\(source.pipeline.name)'"
        let line =
            "\(command.out): \(classes) on \(counted(parts.training.count, "clip")) (\(embeddings)), pooling "
            + "\(options.pooling.rawValue), \(choice.text); trained in \(Figures.fixed(watch.seconds, 2)) s"
        if command.json { say(line) } else { print(line) }
        try evaluate(Head(metadata: metadata, parameters: trained.tensors), set, parts, entries, source)
    }

    /// The classes: those of `--classes` that clips have, or all labels of the clips to train on.
    private func classes(_ rows: [(row: Int, entry: Manifest.Entry)]) throws -> Labels {
        guard let file = command.classes else {
            let found = Labels.found(in: rows)
            guard !found.classes.isEmpty else {
                throw TrainingError(
                    .badInput, at: ErrorPlace(command.manifest), "no clip to train on has a label, expected labels")
            }
            return found
        }
        let asked = try Labels(file: file)
        let names = ClassNames(asked.classes, identifiers: asked.ids)
        let used = Set(rows.flatMap { $0.entry.labels.compactMap { names.place(of: $0) } })
        let unused = asked.classes.indices.filter { !used.contains($0) }.map { asked.classes[$0] }
        if !unused.isEmpty {
            say(
                "\(counted(unused.count, "class", "classes")) of \(file) without a clip to train on, and not in the head: "
                    + Self.list(unused))
        }
        let kept = asked.classes.indices.filter { used.contains($0) }
        guard !kept.isEmpty else {
            throw TrainingError(
                .badInput, at: ErrorPlace(file), "none of its classes is a label of a clip to train on, expected one")
        }
        return Labels(
            classes: kept.map { asked.classes[$0] }, ids: asked.ids.isEmpty ? [] : kept.map { asked.ids[$0] })
    }

    private func parts(_ set: EmbeddingSet, _ entries: [Manifest.Entry], _ splits: [String]) -> Parts {
        let split = Dictionary(entries.map { ($0.clip, $0.split) }) { first, _ in first }
        var parts = Parts()
        for place in set.clips.indices {
            let own = split[set.clips[place].name] ?? ""
            let isTraining = splits.contains(own)
            if isTraining { parts.training.append(place) }
            if own == command.validationSplit, !isTraining { parts.validation.append(place) }
            if own == command.testSplit { parts.test.append(place) }
        }
        return parts
    }

    /// Says which clips are in no split that is used, as a misspelt split's are.
    private func tell(others: [String]) {
        guard !others.isEmpty else { return }
        let names = Set(others).sorted().map { $0.isEmpty ? "no split" : "'\($0)'" }
        say("\(counted(others.count, "clip")) of other splits, left out: \(Self.list(names))")
    }

    /// Says what of the manifest is not used.
    private func tell(_ set: EmbeddingSet, _ labels: Labels, _ parts: Parts) {
        let left = set.left
        if !left.missing.isEmpty {
            say(
                "\(counted(left.missing.count, "clip")) without cached embeddings, left out: \(Self.list(left.missing))"
            )
        }
        if left.skippedChunks > 0 {
            say("\(counted(left.skippedChunks, "chunk")) left out that no model heard, for their level")
        }
        if !left.silent.isEmpty {
            say("\(counted(left.silent.count, "clip")) left out with no other chunks: \(Self.list(left.silent))")
        }
        if !left.labels.isEmpty {
            let names = left.labels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                "\($0.key) (\(counted($0.value, "time")))"
            }
            say("\(counted(names.count, "label")) that no class of the head is, ignored: \(Self.list(names))")
        }
        let unlabelled = set.clips.count { $0.labels.isEmpty }
        if unlabelled > 0 {
            say("\(counted(unlabelled, "clip")) without a label of the head, taken as having no class")
        }
        let lost = labels.classes.indices.filter { place in
            !parts.training.contains { set.clips[$0].labels.contains(place) }
        }
        if !lost.isEmpty {
            say(
                "\(counted(lost.count, "class", "classes")) whose clips all lack embeddings, so that their scores mean "
                    + "nothing: " + Self.list(lost.map { labels.classes[$0] }))
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(shown).map(TerminalText.plain).joined(separator: ", ") + (names.count > shown ? ", ..." : "")
    }

    private func choose(
        _ trainer: HeadTrainer, _ set: EmbeddingSet, _ parts: Parts, _ manifest: Manifest
    ) throws -> Choice {
        if let l2 = options.l2 { return Choice(l2: l2, text: "L2 \(l2) as given") }
        let trials: [HeadTrainer.Trial]
        let how: String
        if command.folds == nil, !parts.validation.isEmpty {
            trials = trainer.validate(training: parts.training, validation: parts.validation)
            how = "on \(counted(parts.validation.count, "clip")) of split '\(command.validationSplit)'"
        } else {
            let (folds, count) = try folds(set, parts.training, manifest)
            trials = trainer.crossValidate(clips: parts.training, folds: folds)
            how = "by cross-validation in \(count) folds"
        }
        guard let best = HeadTrainer.best(trials), let first = trials.first, let last = trials.last else {
            throw TrainingError(.internal, at: nil, "no strength of the penalty was tried")
        }
        if best == first || best == last {
            say(
                "the best L2 penalty is the \(best == first ? "strongest" : "weakest") that was tried; --l2 sets another"
            )
        }
        return Choice(l2: best.l2, text: "L2 \(best.l2) \(how) (loss \(Figures.fixed(best.loss, 4)))")
    }

    /// The fold of each clip.
    private func folds(_ set: EmbeddingSet, _ clips: [Int], _ manifest: Manifest) throws -> (folds: [Int], count: Int) {
        let text = command.folds ?? "5"
        if let number = Int(text) {
            let count = min(number, clips.count)
            if count < number { say("\(count) folds instead of \(number), one for each clip") }
            return (
                HeadFolds.random(labels: clips.map { set.clips[$0].labels }, count: count, seed: options.seed), count
            )
        }
        let column = manifest.furtherColumns.firstIndex(of: text)
        guard column != nil || text == "split" else {
            let names = ["split"] + manifest.furtherColumns
            let near = NearestName.find(text, in: names).map { " (is '\($0)' meant?)" } ?? ""
            throw CommandError(
                .usage, "--folds is '\(text)'\(near), expected a number or one of \(names.joined(separator: ", "))")
        }
        let values = clips.map { place in
            manifest.row(of: set.clips[place].name).map { row in
                column.map { manifest.further(row)[$0] } ?? manifest.split(row)
            } ?? ""
        }
        let found = HeadFolds.named(values)
        guard found.count > 1 else {
            throw CommandError(
                .usage, "--folds is '\(text)', which is the same for all clips, expected two values or more")
        }
        return found
    }

    private func metadata(
        _ base: BaseModel, _ labels: Labels, size: Int, clips: Int, _ choice: Choice
    ) -> HeadMetadata {
        HeadMetadata(
            baseName: base.name, baseDigest: base.digest, basePath: base.path, basePrecision: base.precision,
            normalization: base.normalization,
            embeddingSize: size, hidden: options.hidden, pooling: options.pooling, classes: labels.classes,
            classIDs: labels.ids, licence: command.licence ?? "unspecified",
            source: "trained by earmark \(Earmark.version) on \(counted(clips, "clip")), seed \(options.seed), "
                + "pooling \(options.pooling.rawValue), L2 \(choice.l2)")
    }

    private func evaluate(
        _ head: Head, _ set: EmbeddingSet, _ parts: Parts, _ entries: [Manifest.Entry], _ source: EmbeddingSource
    ) throws {
        if parts.test.isEmpty { return }
        let (table, truth) = try HeadScorer(head).score(set, clips: parts.test)
        var report = try Evaluator(thresholds: ClassThresholds(), resamples: command.resamples).report(
            table, truth: truth)
        let listed = entries.count { $0.split == command.testSplit }
        report.coverage = Coverage(clips: listed, done: parts.test.count, failed: 0)
        report.truthCoverage = TruthCoverage(
            clips: listed, scored: parts.test.count, others: 0,
            unlabelled: parts.test.count { set.clips[$0].labels.isEmpty },
            labels: parts.test.reduce(0) { $0 + set.clips[$1].labels.count })
        report.clipsWithoutLength = parts.test.count { set.clips[$0].seconds == 0 }
        report.origin = try origin(source)
        try EvaluationReport(path: command.out, out: command.report, figures: command.figures, json: command.json)
            .write(report) { try page($0, table, truth, set, parts, entries) }
    }

    private func origin(_ source: EmbeddingSource) throws -> SummaryReport.Origin {
        var settings: [(name: String, value: String?)] = [
            ("cache", FileSystem.absolute(command.cache.cache)), ("manifest", FileSystem.absolute(command.manifest)),
            ("test-split", command.testSplit),
        ]
        settings += options.values.map { ($0.name, $0.value) }
        let whole = SummaryReport.Origin(version: Earmark.version, pipeline: source.pipeline, settings: settings)
        return SummaryReport.Origin(
            version: whole.version, written: whole.written, pipeline: whole.pipeline,
            models: whole.models + [
                .init(
                    stage: nil, path: FileSystem.absolute(command.out),
                    digest: try NamedModels.engines.digest(command.out))
            ], settings: whole.settings)
    }

    private func page(
        _ report: SummaryReport, _ table: ScoreTable, _ truth: LabelTable, _ set: EmbeddingSet, _ parts: Parts,
        _ entries: [Manifest.Entry]
    ) throws -> ReportContent {
        let paths = Dictionary(entries.map { ($0.clip, $0) }) { first, _ in first }
        let clips = parts.test.map { place in
            paths[set.clips[place].name] ?? Manifest.Entry(clip: set.clips[place].name, path: "")
        }
        let details = try ReportDetails(
            table, truth: truth, thresholds: report.thresholds,
            groups: .of(clips.lazy.map { (path: $0.path, split: $0.split) }))
        let examples = Set(details.classes.flatMap { $0.examples.map(\.clip) })
        return ReportContent(
            title: "Earmark: \(command.out)", summary: report, details: details,
            clips: Dictionary(
                uniqueKeysWithValues: examples.map {
                    ($0, ReportContent.Clip(name: clips[$0].clip, path: clips[$0].path))
                }),
            excerpts: ReportExcerpts(
                none:
                    "'train head' leaves no chunk scores in the cache, which would say where in a recording to look; 'earmark "
                    + "stats' shows them, of scores that a pipeline left there"))
    }
}

/// The model that made a cache's embeddings, on this machine. Where they were passed through a head, it is the head's base.
struct BaseModel {
    /// Where the base is; for that of a head, where it was when the head was trained.
    let path: String
    let digest: String
    /// The base's network, such as `yamnet`.
    let name: String
    /// The arithmetic in which it computed the embeddings: `float32` or `int8`.
    let precision: String
    let normalization: Normalization
    let embeddingSize: Int

    /// Finds it where it was when the pipeline ran, or among the models that can be called by name.
    ///
    /// - Throws: `TrainingError` naming its digest if it is not there.
    init(of source: EmbeddingSource, _ ledger: Ledger) throws {
        let known = try ledger.models().first { $0.digest == source.modelDigest }?.path
        let places =
            [known, FileSystem.absolute(source.modelPath)].compactMap(\.self)
            + (try NamedModels.finder().files().map { FileSystem.absolute($0.path) })
        let found = places.first { path in
            FileSystem.isFile(path) && (try? NamedModels.engines.digest(path)) == source.modelDigest
        }
        guard let found else {
            throw TrainingError(
                .badInput, at: ErrorPlace(source.modelPath),
                "the model that made the embeddings, with digest \(source.modelDigest.prefix(23)), is not there any more, "
                    + "expected it there or among the models")
        }
        let model = try NamedModels.engines.describe(found)
        embeddingSize = model.embeddingSize
        if HeadFile.isOne(found) {
            let head = try HeadFile(path: found).metadata
            (path, digest, name) = (head.basePath, head.baseDigest, head.baseName)
            (precision, normalization) = (head.basePrecision, head.normalization)
        } else {
            (path, digest, name) = (found, source.modelDigest, model.network)
            (precision, normalization) = (source.precision, source.normalization ?? model.normalization)
        }
    }
}
