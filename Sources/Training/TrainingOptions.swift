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

    package init() {}

    /// Every option by its name on the command line, with its value.
    private static let named: [(name: String, value: @Sendable (TrainingOptions) -> String)] = [
        ("architecture", { $0.architecture }), ("epochs", { "\($0.epochs)" }), ("batch", { "\($0.batch)" }),
        ("learning-rate", { "\($0.learningRate)" }), ("schedule", { $0.schedule.rawValue }),
        ("warmup", { "\($0.warmup)" }), ("seed", { "\($0.seed)" }), ("overlap", { "\($0.overlap)" }),
        ("normalization", { $0.normalization }), ("freeze-trunk", { "\($0.freezesTrunk)" }),
        ("class-weights", { $0.classWeights.rawValue }), ("silence", { $0.silence.rawValue }),
        ("gain", { "\($0.gain)" }), ("mixup", { "\($0.mixup)" }), ("patience", { "\($0.patience)" }),
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
