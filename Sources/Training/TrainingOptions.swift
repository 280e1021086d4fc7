import Foundation
import Models

/// The options for training a network. The defaults are those of LEAN (arXiv 2305.12712); everything else is off.
package struct TrainingOptions: Sendable, Equatable, Codable {
    /// The weight of a class's chunks; with `balanced`, rare classes count as much as frequent ones.
    package enum ClassWeights: String, Sendable, Codable, CaseIterable { case none, balanced }
    /// The course of the learning rate over the epochs.
    package enum Schedule: String, Sendable, Codable, CaseIterable { case constant, cosine }

    /// The labels used for silent chunks, such as the padding of a short sound: those of their clip, as for any other
    /// chunk, or none.
    package enum Silence: String, Sendable, Codable, CaseIterable { case labelled, unlabelled }

    /// How an epoch chooses its chunks: each once, or drawn so that rare classes come as often as frequent ones.
    package enum Sampling: String, Sendable, Codable, CaseIterable { case uniform, balanced }

    /// Which weights are validated and kept: the last ones, or an average (`WeightAverage`).
    package enum Averaging: String, Sendable, Codable, CaseIterable { case none, ema, swa }

    package var architecture = Architecture.lean.rawValue
    package var epochs = 40
    /// The number of chunks in a step.
    package var batch = 64
    /// The learning rate of Adam.
    package var learningRate: Float = 1e-4
    package var schedule = Schedule.constant
    /// The number of steps over which the learning rate rises from 0.
    package var warmup = 0
    package var seed: UInt64 = 1
    /// The share of a chunk that the next one repeats.
    package var overlap = 0.5
    package var normalization = "chunk-mean"
    package var freezesTrunk = false
    package var classWeights = ClassWeights.none
    /// Whether a silent chunk keeps the labels of its clip or has none.
    package var silence = Silence.labelled
    /// The largest gain, in dB up or down, drawn for each chunk; 0 for none.
    package var gain: Float = 0
    /// The alpha of mixup's Beta distribution, at most 1; 0 for no mixup.
    package var mixup: Float = 0
    /// The number of epochs without a better result on the validation split after which training stops; 0 for never.
    package var patience = 0
    /// The stage whose chunk scores are learnt from, as given; empty for none.
    package var teacher = ""
    /// The teacher's weight in the loss of clips with labels, 0 to 1; the labels have the rest.
    package var teacherWeight: Float = 0.5
    /// Whether bands and frames of the patches are masked at random.
    package var masksPatches = false
    package var averaging = Averaging.none
    /// The largest decay of the moving average, for each step.
    package var averagingDecay: Float = 0.999
    /// The first epoch whose weights count in the average.
    package var averagingStart = 1
    package var sampling = Sampling.uniform
    /// The learning rate of the wave encoder, as a factor of that of the other layers.
    package var encoderRate: Float = 1
    /// What the wave encoder does to each chunk's samples first.
    package var waveScale = WaveScale.none
    /// The factor of the attention's dot products before the softmax.
    package var attentionScale = ModelMetadata.usualAttentionScale

    package init() {}

    /// Decodes the options of a checkpoint. Those that are younger than the first checkpoints may be missing, and then have
    /// their defaults.
    package init(from decoder: any Decoder) throws {
        let found = try decoder.container(keyedBy: CodingKeys.self)
        architecture = try found.decode(String.self, forKey: .architecture)
        epochs = try found.decode(Int.self, forKey: .epochs)
        batch = try found.decode(Int.self, forKey: .batch)
        learningRate = try found.decode(Float.self, forKey: .learningRate)
        schedule = try found.decode(Schedule.self, forKey: .schedule)
        warmup = try found.decode(Int.self, forKey: .warmup)
        seed = try found.decode(UInt64.self, forKey: .seed)
        overlap = try found.decode(Double.self, forKey: .overlap)
        normalization = try found.decode(String.self, forKey: .normalization)
        freezesTrunk = try found.decode(Bool.self, forKey: .freezesTrunk)
        classWeights = try found.decode(ClassWeights.self, forKey: .classWeights)
        silence = try found.decode(Silence.self, forKey: .silence)
        gain = try found.decode(Float.self, forKey: .gain)
        mixup = try found.decode(Float.self, forKey: .mixup)
        patience = try found.decode(Int.self, forKey: .patience)
        teacher = try found.decodeIfPresent(String.self, forKey: .teacher) ?? teacher
        teacherWeight = try found.decodeIfPresent(Float.self, forKey: .teacherWeight) ?? teacherWeight
        masksPatches = try found.decodeIfPresent(Bool.self, forKey: .masksPatches) ?? masksPatches
        averaging = try found.decodeIfPresent(Averaging.self, forKey: .averaging) ?? averaging
        averagingDecay = try found.decodeIfPresent(Float.self, forKey: .averagingDecay) ?? averagingDecay
        averagingStart = try found.decodeIfPresent(Int.self, forKey: .averagingStart) ?? averagingStart
        sampling = try found.decodeIfPresent(Sampling.self, forKey: .sampling) ?? sampling
        encoderRate = try found.decodeIfPresent(Float.self, forKey: .encoderRate) ?? encoderRate
        waveScale = try found.decodeIfPresent(WaveScale.self, forKey: .waveScale) ?? waveScale
        attentionScale = try found.decodeIfPresent(Float.self, forKey: .attentionScale) ?? attentionScale
    }

    /// Every option by its name on the command line, with its value.
    private static let named: [(name: String, value: @Sendable (TrainingOptions) -> String)] = [
        ("architecture", { $0.architecture }), ("epochs", { "\($0.epochs)" }), ("batch", { "\($0.batch)" }),
        ("learning-rate", { "\($0.learningRate)" }), ("schedule", { $0.schedule.rawValue }),
        ("warmup", { "\($0.warmup)" }), ("seed", { "\($0.seed)" }), ("overlap", { "\($0.overlap)" }),
        ("normalization", { $0.normalization }), ("freeze-trunk", { "\($0.freezesTrunk)" }),
        ("class-weights", { $0.classWeights.rawValue }), ("silence", { $0.silence.rawValue }),
        ("gain", { "\($0.gain)" }), ("mixup", { "\($0.mixup)" }), ("patience", { "\($0.patience)" }),
        ("teacher", { $0.teacher.isEmpty ? "none" : $0.teacher }), ("teacher-weight", { "\($0.teacherWeight)" }),
        ("spec-augment", { "\($0.masksPatches)" }), ("averaging", { $0.averaging.rawValue }),
        ("averaging-decay", { "\($0.averagingDecay)" }), ("averaging-start", { "\($0.averagingStart)" }),
        ("sampling", { $0.sampling.rawValue }), ("encoder-rate", { "\($0.encoderRate)" }),
        ("wave-scale", { $0.waveScale.rawValue }), ("attention-scale", { "\($0.attentionScale)" }),
    ]

    /// Every option by its name on the command line, with its value.
    package var values: [(name: String, value: String)] { Self.named.map { ($0.name, $0.value(self)) } }

    /// Returns the options that differ from `other`, each as in `--batch 64, now 32`, where 64 is the value in `other`.
    package func differences(from other: TrainingOptions) -> [String] {
        Self.named.compactMap { name, value in
            let (there, here) = (value(other), value(self))
            return there == here ? nil : "--\(name) \(there), now \(here)"
        }
    }

    /// Returns the learning rate of a step, counted from 0, out of `total` steps.
    package func learningRate(step: Int, of total: Int) -> Float {
        var rate = Double(learningRate)
        if schedule == .cosine, total > 1 {
            rate *= 0.5 * (1 + cos(Double.pi * Double(step) / Double(total - 1)))
        }
        if step < warmup { rate *= Double(step + 1) / Double(warmup) }
        return Float(rate)
    }
}
