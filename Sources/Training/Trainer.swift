import Errors
import Engines
import Evaluation
import Files
import Foundation
import Models
import Pipeline
import Wording

/// Trains a network: epochs of steps, each epoch followed by a validation and a checkpoint.
///
/// The weights depend only on the data, the options and the seed, not on the number of threads or on interruptions.
package final class Trainer {
    /// An event reported during training.
    package enum Event: Sendable {
        /// Reported after a step: the loss of its batch, and the speed since the epoch began.
        case step(epoch: Int, step: Int, steps: Int, loss: Double, chunksPerSecond: Double)
        case epoch(EpochRecord, isBest: Bool)
    }

    /// How a training run ended.
    package enum End: Sendable, Equatable { case finished, stoppedEarly, interrupted, nothingToDo }

    /// The files of a training run, in its folder.
    package struct Files: Sendable {
        package let folder: String
        /// The best epoch's weights.
        package var model: String { folder + "/model.safetensors" }
        package var checkpoint: String { folder + "/checkpoint.safetensors" }
        package var history: String { folder + "/history.csv" }

        /// - Parameter folder: the folder for the model, the checkpoint and the history.
        package init(folder: String) { self.folder = folder }
    }

    private let options: TrainingOptions
    private let metadata: ModelMetadata
    private let training: ChunkSet
    private let validation: ChunkSet?
    private let files: Files
    private let threads: Int
    private let adam: Adam
    private let average: WeightAverage?
    private let teacher: TeacherScores?
    private let network: TrainableNetwork
    private var state: Checkpoint.State

    /// Initialises the weights, or continues from the checkpoint in the folder if there is one.
    ///
    /// - Parameters:
    ///   - metadata: the metadata of the model to write, including its classes.
    ///   - validation: the validation chunks; nil to keep the last epoch instead of the best.
    ///   - initial: a model file to take weights from.
    ///   - teacher: scores of the training chunks to learn from; nil for labels alone.
    /// - Throws: `TrainingError` if the options ask for what the clips do not have, the folder holds a checkpoint of
    ///   another training run or `initial` does not fit, `ModelError` if a file is not valid.
    package init(
        options: TrainingOptions, metadata: ModelMetadata, training: ChunkSet, validation: ChunkSet?,
        initial: String?, teacher: TeacherScores? = nil, files: Files, threads: Int
    ) throws {
        try Self.check(options, training, teacher)
        self.options = options
        self.teacher = teacher
        self.metadata = metadata
        self.training = training
        self.validation = validation
        self.files = files
        self.threads = threads
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        let parameters = ParameterBuffer(layout)
        adam = Adam(layout)
        average = options.averaging == .none ? nil : WeightAverage(layout)
        state = Checkpoint.State(
            options: options, initial: initial ?? "",
            data: training.identity ^ (validation?.identity ?? 0) &* 3 ^ (teacher?.identity ?? 0) &* 5,
            step: 0, history: [], best: nil, hasStopped: false, averaged: options.averaging == .none ? nil : 0)
        if FileSystem.exists(files.checkpoint) {
            let (found, file) = try Checkpoint.state(path: files.checkpoint)
            try Self.compare(found, state, classes: file.metadata.classes, metadata.classes, files.checkpoint)
            try Checkpoint.read(file, into: parameters, adam: adam, average: average)
            state = found
            state.options.epochs = options.epochs
        } else {
            Initialization.fill(parameters, seed: options.seed)
            if let initial {
                _ = try Initialization.take(from: initial, into: parameters, for: metadata)
            }
        }
        network = TrainableNetwork(
            parameters: parameters, freezesTrunk: options.freezesTrunk, attentionScale: metadata.attentionScale,
            waveScale: metadata.waveScale)
    }

    /// - Throws: `TrainingError` of category `usage` if the options ask for what the clips do not have.
    private static func check(_ options: TrainingOptions, _ training: ChunkSet, _ teacher: TeacherScores?) throws {
        func refuse(_ what: String) -> TrainingError { TrainingError(.usage, at: nil, what) }
        let architecture = Architecture(rawValue: options.architecture) ?? .lean
        if options.attentionScale != ModelMetadata.usualAttentionScale, architecture != .lean {
            throw refuse(
                "--attention-scale is \(options.attentionScale), but '\(architecture.rawValue)' has no attention, "
                    + "expected it for 'lean' only")
        }
        if !architecture.hasEncoder, options.waveScale != .none || options.encoderRate != 1 {
            let name = options.waveScale != .none ? "--wave-scale" : "--encoder-rate"
            throw refuse("\(name) is for a wave encoder, but '\(architecture.rawValue)' has none, expected it left out")
        }
        let unlabelled = training.unlabelledClips
        if options.sampling == .balanced, unlabelled > 0 {
            throw refuse(
                "--sampling balanced goes by labels, and \(counted(unlabelled, "clip")) to train on \(unlabelled == 1 ? "has" : "have") "
                    + "none, expected labels in all of them")
        }
        if teacher != nil, options.silence == .unlabelled {
            throw refuse(
                "--silence unlabelled gives silent chunks labels of their own, and --teacher scores; expected one of the two"
            )
        }
    }

    /// The number of epochs finished so far, including those of earlier processes.
    package var epochsDone: Int { state.history.count }

    private static func compare(
        _ found: Checkpoint.State, _ asked: Checkpoint.State, classes: [String], _ wanted: [String], _ path: String
    ) throws {
        var (a, b) = (found.options, asked.options)
        // A larger number of epochs continues the training, unless the learning rate schedule depends on that number.
        if a.schedule == .constant { (a.epochs, b.epochs) = (0, 0) }
        var reasons = b.differences(from: a)
        if found.initial != asked.initial {
            let shown = { (start: String) in start.isEmpty ? "none" : start }
            reasons.append("--init \(shown(found.initial)), now \(shown(asked.initial))")
        }
        if classes != wanted {
            reasons.append("\(counted(classes.count, "class", "classes")), now \(wanted.count) or in another order")
        } else if reasons.isEmpty, found.data != asked.data {
            reasons.append("other clips, labels or splits")
        }
        guard !reasons.isEmpty else { return }
        throw TrainingError(
            .usage, at: ErrorPlace(path),
            "the checkpoint is from a training run with \(reasons.joined(separator: "; ")). Use the same settings, "
                + "another --out, or --restart to start over")
    }

    /// Trains until the last epoch, early stopping or a request to stop.
    ///
    /// - Throws: `TrainingError` if the loss or a weight is no longer finite; `ModelError` or `FileError` if a file
    ///   cannot be written.
    package func run(stop: StopSignal, _ tell: (Event) -> Void) throws -> End {
        if state.hasStopped || state.history.count >= options.epochs { return .nothingToDo }
        let batches = BatchRunner(
            network: network, set: training, batch: options.batch, threads: threads,
            augmentation: Augmentation(
                gain: options.gain, mixup: options.mixup, masks: options.masksPatches, seed: options.seed),
            classWeights: classWeights(), silence: options.silence, teacher: teacher)
        while state.history.count < options.epochs {
            guard try epoch(batches, stop, tell) else { return .interrupted }
            if state.hasStopped { return .stoppedEarly }
        }
        return .finished
    }

    /// - Returns: false if it was interrupted; the checkpoint is then that of the previous epoch.
    private func epoch(_ batches: BatchRunner, _ stop: StopSignal, _ tell: (Event) -> Void) throws -> Bool {
        let number = state.history.count + 1
        let order = order(of: number)
        let steps = (order.chunks.count + options.batch - 1) / options.batch
        let watch = Stopwatch()
        var sum = 0.0
        var rate: Float = 0
        for step in 0..<steps {
            if stop.isRaised { return false }
            let batch = step * options.batch..<min((step + 1) * options.batch, order.chunks.count)
            let loss = try batches.run(batch, of: order, epoch: number)
            guard loss.isFinite else { throw notFinite("the loss is \(loss)", step, number) }
            rate = options.learningRate(step: state.step, of: steps * options.epochs)
            state.step += 1
            adam.step(
                network.parameters, groups: batches.groups, rate: rate, encoderRate: options.encoderRate,
                step: state.step, threads: threads)
            if options.averaging == .ema { add(to: average, in: number) }
            network.load(threads: threads)
            sum += loss * Double(batch.count)
            tell(
                .step(
                    epoch: number, step: step + 1, steps: steps, loss: loss,
                    chunksPerSecond: Double(batch.upperBound) / max(1e-9, watch.seconds)))
        }
        let trained = watch.seconds
        guard network.parameters.isFinite else { throw notFinite("a weight is not a finite number", steps - 1, number) }
        if options.averaging == .swa { add(to: average, in: number) }
        var record = EpochRecord(
            epoch: number, loss: sum / Double(order.chunks.count), validationLoss: .nan, validationMAP: .nan,
            learningRate: rate, chunksPerSecond: Double(order.chunks.count) / max(1e-9, trained), seconds: 0)
        try validate(&record)
        record.seconds = watch.seconds
        try keep(record, tell)
        return true
    }

    /// The chunks of an epoch: all that the teacher has heard, if there is one.
    private func order(of epoch: Int) -> EpochOrder {
        let chunks = teacher?.heard ?? (0..<Int32(training.chunkCount)).map { $0 }
        guard options.sampling == .balanced else { return EpochOrder(of: chunks, seed: options.seed, epoch: epoch) }
        let weights = EpochOrder.balancedWeights(
            chunks.map { training.labels(Int($0)) }, classes: metadata.classes.count)
        return EpochOrder(drawnFrom: chunks, weights: weights, seed: options.seed, epoch: epoch)
    }

    /// Takes the current weights into the average, from the epoch on that the options say.
    private func add(to average: WeightAverage?, in epoch: Int) {
        guard let average, epoch >= options.averagingStart else { return }
        let count = state.averaged ?? 0
        let share =
            options.averaging == .swa
            ? WeightAverage.meanShare(count: count)
            : WeightAverage.movingShare(decay: options.averagingDecay, count: count)
        average.add(network.parameters, share: share, threads: threads)
        state.averaged = count + 1
    }

    /// The weights that are validated and kept: their average, as soon as there is one.
    private var kept: ParameterBuffer {
        if let average, let count = state.averaged, count > 0 { return average.values }
        return network.parameters
    }

    private func notFinite(_ what: String, _ step: Int, _ epoch: Int) -> TrainingError {
        TrainingError(
            .badInput, at: ErrorPlace("batch \(step + 1) of epoch \(epoch)"),
            "\(what); training stops, "
                + (epoch > 1 ? "epoch \(epoch - 1) is kept in \(files.checkpoint)" : "nothing is kept")
                + "; try a smaller --learning-rate")
    }

    private func validate(_ record: inout EpochRecord) throws {
        guard let validation else { return }
        let scored = try ClipScorer(engine: network.model(metadata, of: kept), threads: threads).score(validation)
        let report = try Evaluator(resamples: 0).report(scored.table, truth: scored.truth)
        record.validationLoss = scored.loss
        record.validationMAP = report.truth?.meanAveragePrecision ?? .nan
    }

    /// Writes model, checkpoint and history, in this order, so that a checkpoint never refers to a model that does not
    /// exist.
    private func keep(_ record: EpochRecord, _ tell: (Event) -> Void) throws {
        state.history.append(record)
        let isBest = state.best.map { Self.isBetter(record, than: state.history[$0]) } ?? true
        if isBest {
            state.best = state.history.count - 1
            let tensors = Dictionary(
                uniqueKeysWithValues: network.layout.parameters.map { ($0.name, kept.floats($0)) })
            try ModelFileWriter.write(parameters: tensors, metadata: metadata, to: files.model)
        }
        if options.patience > 0, let best = state.best, state.history.count - 1 - best >= options.patience {
            state.hasStopped = true
        }
        try Checkpoint.write(
            state, parameters: network.parameters, adam: adam, average: average, metadata: metadata,
            to: files.checkpoint)
        try writeHistory()
        tell(.epoch(record, isBest: isBest))
    }

    /// Compares by mAP, or by loss if the mAP is equal: on small validation splits, mAP soon reaches its maximum.
    /// Without validation, the later epoch counts as better.
    private static func isBetter(_ a: EpochRecord, than b: EpochRecord) -> Bool {
        if a.validationMAP.isNaN { return true }
        return a.validationMAP > b.validationMAP
            || a.validationMAP == b.validationMAP && a.validationLoss < b.validationLoss
    }

    private func writeHistory() throws {
        let lines = [EpochRecord.columns] + state.history.map(\.line)
        try FileSystem.write(files.history) { try $0(Array((lines.joined(separator: "\n") + "\n").utf8)[...]) }
    }

    /// The epoch whose weights are in the model file.
    package var best: EpochRecord? { state.best.map { state.history[$0] } }

    /// Returns weights that favour rare classes: the mean number of chunks per class divided by the class's own.
    /// Averaged over all labels, they are 1.
    private func classWeights() -> [Float]? {
        guard options.classWeights == .balanced else { return nil }
        var counts = [Double](repeating: 0, count: metadata.classes.count)
        for clip in training.clips {
            for label in clip.labels { counts[label] += Double(clip.chunks) }
        }
        let mean = counts.reduce(0, +) / Double(counts.count)
        return counts.map { $0 > 0 ? Float(mean / $0) : 1 }
    }
}
