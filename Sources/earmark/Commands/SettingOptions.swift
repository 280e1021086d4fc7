import Errors
import ArgumentParser
import Engines
import Pipeline
import Training

/// Training settings as options; each may also stand in the pipeline's `train` section.
struct SettingOptions: ParsableArguments {
    @Option(help: "lean, lean-mean, wave-encoder, yamnet-projection or yamnet (default: lean).")
    var architecture: String?
    @Option(
        help: ArgumentHelp("Model file, or name of a model, to take weights from.", valueName: "safetensors"),
        completion: .safetensors)
    var `init`: String?
    @Option(help: ArgumentHelp("Split to train on (default: train).", valueName: "name")) var trainSplit: String?
    @Option(
        help: ArgumentHelp("Split by which the best epoch is chosen; '' for none (default: val).", valueName: "name"))
    var validationSplit: String?
    @Option(
        help: ArgumentHelp("Classes in order, one per line: a name or index,label,mid.", valueName: "csv"),
        completion: .csv)
    var classes: String?
    @Option(help: "Epochs (default: 40).") var epochs: String?
    @Option(help: "Chunks per step (default: 64).") var batch: String?
    @Option(help: "Learning rate of Adam (default: 1e-4).") var learningRate: String?
    @Option(help: "constant or cosine (default: constant).") var schedule: String?
    @Option(help: "Steps over which the learning rate rises (default: 0).") var warmup: String?
    @Option(help: "Epochs without improvement before training stops; 0 for never (default: 0).") var patience: String?
    @Option(help: "Seed of weights, order and augmentation (default: 1).") var seed: String?
    @Option(help: "Share of each chunk that the next one repeats (default: 0.5).") var overlap: String?
    @Option(help: "none, chunk-mean or band-mean (default: chunk-mean).") var normalization: String?
    @Option(help: "none or balanced (default: none).") var classWeights: String?
    @Option(help: "labelled, or unlabelled: silent chunks are trained to have no label (default: labelled).")
    var silence: String?
    @Option(help: "Largest random gain of a chunk, dB up or down (default: 0).") var gain: String?
    @Option(help: "Alpha of mixup, at most 1; 0 for none (default: 0).") var mixup: String?
    @Option(help: "true keeps the trunk's weights as they are (default: false).") var freezeTrunk: String?

    @Option(
        help: ArgumentHelp(
            "Stage of the cache whose chunk scores to learn from, such as audioset.scores-cache (default: none).",
            valueName: "stage"))
    var teacher: String?
    @Option(
        help:
            "Weight of the teacher against the labels; 1 for the teacher alone. Clips without labels have 1 (default: 0.5)."
    )
    var teacherWeight: String?
    @Option(
        help: ArgumentHelp(
            "Classes of the teacher that are called something else here: one label,class[,class...] per line.",
            valueName: "csv"), completion: .csv)
    var labelMap: String?
    @Option(help: "true masks bands and frames of each patch at random (default: false).") var specAugment: String?
    @Option(
        help: "What is validated and kept: none for the last weights, or their average, ema or swa (default: none).")
    var averaging: String?
    @Option(help: "Decay of the ema for each step (default: 0.999).") var averagingDecay: String?
    @Option(help: "First epoch whose weights are averaged (default: 1).") var averagingStart: String?
    @Option(help: "uniform, or balanced: rare classes come as often as frequent ones (default: uniform).")
    var sampling: String?
    @Option(help: "Learning rate of the wave encoder, as a factor of --learning-rate (default: 1).")
    var encoderRate: String?
    @Option(help: "none, or rms: the wave encoder gets each second at the same level (default: none).")
    var waveScale: String?
    @Option(help: "Factor of the attention's dot products before the softmax (default: 0.0625).")
    var attentionScale: String?

    private var given: [(name: String, text: String)] {
        [
            ("architecture", architecture), ("init", `init`), ("train-split", trainSplit),
            ("validation-split", validationSplit), ("classes", classes), ("epochs", epochs), ("batch", batch),
            ("learning-rate", learningRate), ("schedule", schedule), ("warmup", warmup), ("patience", patience),
            ("seed", seed), ("overlap", overlap), ("normalization", normalization), ("class-weights", classWeights),
            ("gain", gain), ("mixup", mixup), ("freeze-trunk", freezeTrunk),
            ("silence", silence), ("teacher", teacher), ("teacher-weight", teacherWeight), ("label-map", labelMap),
            ("spec-augment", specAugment), ("averaging", averaging), ("averaging-decay", averagingDecay),
            ("averaging-start", averagingStart), ("sampling", sampling), ("encoder-rate", encoderRate),
            ("wave-scale", waveScale), ("attention-scale", attentionScale),
        ].compactMap { name, text in text.map { (name, $0) } }
    }

    /// Returns the pipeline's settings, overridden by those of the command line.
    ///
    /// - Throws: `PipelineError` naming the line, or `CommandError` of category `usage` naming the option, for a
    ///   setting that is not accepted.
    func merged(with spec: PipelineSpec) throws -> TrainingSettings {
        var settings = TrainingSettings()
        for (name, value) in spec.train.sorted(by: { $0.key < $1.key }) {
            if let expected = settings.set(name, value.text) {
                let what = TrainingSettings.names.contains(name) ? "'\(name)' is '\(value.text)'" : "unknown '\(name)'"
                throw PipelineError(file: spec.file, line: value.line, "train: \(what), expected \(expected)")
            }
        }
        for (name, text) in given {
            if let expected = settings.set(name, text) {
                throw CommandError(.usage, "--\(name) is '\(text)', expected \(expected)")
            }
        }
        if settings.labelMap != nil, settings.options.teacher.isEmpty {
            throw CommandError(.usage, "--label-map names classes of a teacher, expected --teacher with it")
        }
        return settings
    }
}
