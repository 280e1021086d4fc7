import Foundation
import Models

/// How a network is trained. The defaults are those of LEAN (arXiv 2305.12712); everything else is off.
package struct TrainingOptions: Sendable, Equatable, Codable {
    /// How much a class's chunks count; `balanced`: rare ones as much as frequent ones.
    package enum ClassWeights: String, Sendable, Codable, CaseIterable { case none, balanced }
    /// How the learning rate goes over the epochs.
    package enum Schedule: String, Sendable, Codable, CaseIterable { case constant, cosine }

    /// What chunks of silence, such as a short sound's padding, are taught: their clip's labels, as any other, or that nothing is
    /// to be heard.
    package enum Silence: String, Sendable, Codable, CaseIterable { case labelled, unlabelled }

    package var architecture = Architecture.lean.rawValue
    package var epochs = 40
    /// Chunks of a step.
    package var batch = 64
    /// Of Adam.
    package var learningRate: Float = 1e-4
    package var schedule = Schedule.constant
    /// Steps over which the learning rate rises from 0.
    package var warmup = 0
    package var seed: UInt64 = 1
    /// Share of a chunk that the next one repeats.
    package var overlap = 0.5
    package var normalization = "chunk-mean"
    package var freezesTrunk = false
    package var classWeights = ClassWeights.none
    /// A silent chunk keeps the labels of its clip, or has none.
    package var silence = Silence.labelled
    /// Largest gain, in dB up or down, drawn for each chunk; 0 for none.
    package var gain: Float = 0
    /// Alpha of mixup's Beta distribution, at most 1; 0 for none.
    package var mixup: Float = 0
    /// Epochs without a better validation mAP after which training stops; 0 for never.
    package var patience = 0

    package init() {}

    /// Every option by its name on the command line.
    private static let named: [(name: String, value: @Sendable (TrainingOptions) -> String)] = [
        ("architecture", { $0.architecture }), ("epochs", { "\($0.epochs)" }), ("batch", { "\($0.batch)" }),
        ("learning-rate", { "\($0.learningRate)" }), ("schedule", { $0.schedule.rawValue }),
        ("warmup", { "\($0.warmup)" }), ("seed", { "\($0.seed)" }), ("overlap", { "\($0.overlap)" }),
        ("normalization", { $0.normalization }), ("freeze-trunk", { "\($0.freezesTrunk)" }),
        ("class-weights", { $0.classWeights.rawValue }), ("silence", { $0.silence.rawValue }),
        ("gain", { "\($0.gain)" }), ("mixup", { "\($0.mixup)" }), ("patience", { "\($0.patience)" }),
    ]

    /// Every option by its name on the command line, and what it is set to.
    package var values: [(name: String, value: String)] { Self.named.map { ($0.name, $0.value(self)) } }

    /// What is not the same as in other options, each as `--batch 64, now 32`: theirs first.
    package func differences(from other: TrainingOptions) -> [String] {
        Self.named.compactMap { name, value in
            let (there, here) = (value(other), value(self))
            return there == here ? nil : "--\(name) \(there), now \(here)"
        }
    }

    /// The learning rate of a step, counted from 0, of `total`.
    package func learningRate(step: Int, of total: Int) -> Float {
        var rate = Double(learningRate)
        if schedule == .cosine, total > 1 {
            rate *= 0.5 * (1 + cos(Double.pi * Double(step) / Double(total - 1)))
        }
        if step < warmup { rate *= Double(step + 1) / Double(warmup) }
        return Float(rate)
    }
}
