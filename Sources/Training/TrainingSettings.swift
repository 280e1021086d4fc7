import Features
import Models

/// All settings of `earmark train`, by the names that the command line and a pipeline's `train` section share.
package struct TrainingSettings: Sendable {
    package var options = TrainingOptions()
    /// The split of the manifest to train on.
    package var trainSplit = "train"
    /// The split to validate on; if empty, there is no validation and the last epoch is kept.
    package var validationSplit = "val"
    /// A file that fixes the classes and their order; nil for the classes of the training split, sorted by name.
    package var classes: String?
    /// A model file to start from.
    package var initial: String?
    /// A file that maps the teacher's classes to those of the student.
    package var labelMap: String?

    package init() {}

    /// The names of all settings.
    package static let names = [
        "architecture", "attention-scale", "averaging", "averaging-decay", "averaging-start", "batch", "class-weights",
        "classes",
        "encoder-rate", "epochs", "freeze-trunk", "gain", "init", "label-map", "learning-rate", "mixup",
        "normalization", "overlap", "patience", "sampling", "schedule", "seed", "silence", "spec-augment", "teacher",
        "teacher-weight", "train-split", "validation-split", "warmup", "wave-scale",
    ]

    /// Sets the setting with this name.
    ///
    /// - Returns: nil, or what was expected instead.
    package mutating func set(_ name: String, _ text: String) -> String? {
        switch name {
        case "architecture":
            guard Architecture(rawValue: text)?.hasClassifier == true else {
                return Self.oneOf(Architecture.classifiers.map(\.rawValue))
            }
            options.architecture = text
        case "normalization":
            guard Normalization(rawValue: text) != nil else {
                return Self.oneOf(Normalization.allCases.map(\.rawValue))
            }
            options.normalization = text
        case "class-weights":
            guard let value = TrainingOptions.ClassWeights(rawValue: text) else {
                return Self.oneOf(TrainingOptions.ClassWeights.allCases.map(\.rawValue))
            }
            options.classWeights = value
        case "schedule":
            guard let value = TrainingOptions.Schedule(rawValue: text) else {
                return Self.oneOf(TrainingOptions.Schedule.allCases.map(\.rawValue))
            }
            options.schedule = value
        case "silence":
            guard let value = TrainingOptions.Silence(rawValue: text) else {
                return Self.oneOf(TrainingOptions.Silence.allCases.map(\.rawValue))
            }
            options.silence = value
        case "averaging":
            guard let value = TrainingOptions.Averaging(rawValue: text) else {
                return Self.oneOf(TrainingOptions.Averaging.allCases.map(\.rawValue))
            }
            options.averaging = value
        case "wave-scale":
            guard let value = WaveScale(rawValue: text) else { return Self.oneOf(WaveScale.allCases.map(\.rawValue)) }
            options.waveScale = value
        case "sampling":
            guard let value = TrainingOptions.Sampling(rawValue: text) else {
                return Self.oneOf(TrainingOptions.Sampling.allCases.map(\.rawValue))
            }
            options.sampling = value
        case "freeze-trunk":
            guard let value = Bool(text) else { return "true or false" }
            options.freezesTrunk = value
        case "spec-augment":
            guard let value = Bool(text) else { return "true or false" }
            options.masksPatches = value
        case "teacher":
            guard !text.isEmpty else { return "the name of a stage, or PIPELINE.STAGE" }
            options.teacher = text == "none" ? "" : text
        case "label-map": labelMap = text
        case "classes": classes = text
        case "init": initial = text
        case "train-split": trainSplit = text
        case "validation-split": validationSplit = text
        default: return setNumber(name, text)
        }
        return nil
    }

    private mutating func setNumber(_ name: String, _ text: String) -> String? {
        func whole(_ range: ClosedRange<Int>, _ put: (Int) -> Void) -> String? {
            guard let value = Int(text), range.contains(value) else {
                return "a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
            put(value)
            return nil
        }
        func real(_ range: ClosedRange<Double>, _ put: (Double) -> Void) -> String? {
            guard let value = Double(text), range.contains(value) else {
                return "a number from \(range.lowerBound) to \(range.upperBound)"
            }
            put(value)
            return nil
        }
        switch name {
        case "epochs": return whole(1...100_000) { options.epochs = $0 }
        case "batch": return whole(1...4096) { options.batch = $0 }
        case "warmup": return whole(0...10_000_000) { options.warmup = $0 }
        case "patience": return whole(0...100_000) { options.patience = $0 }
        case "seed": return whole(0...Int.max) { options.seed = UInt64($0) }
        case "learning-rate": return real(1e-9...10) { options.learningRate = Float($0) }
        case "gain": return real(0...60) { options.gain = Float($0) }
        case "mixup": return real(0...1) { options.mixup = Float($0) }
        case "teacher-weight": return real(0...1) { options.teacherWeight = Float($0) }
        case "averaging-decay": return real(0...0.999999) { options.averagingDecay = Float($0) }
        case "averaging-start": return whole(1...100_000) { options.averagingStart = $0 }
        case "attention-scale": return real(1e-6...64) { options.attentionScale = Float($0) }
        case "encoder-rate": return real(0...1000) { options.encoderRate = Float($0) }
        case "overlap":
            guard let value = Double(text), (try? ChunkPlan(frontEnd: .standard, overlap: value)) != nil else {
                return "a share from 0 to below 1 whose hop is a multiple of 10 ms"
            }
            options.overlap = value
            return nil
        default: return "one of \(Self.names.joined(separator: ", "))"
        }
    }

    private static func oneOf(_ names: [String]) -> String { "one of \(names.joined(separator: ", "))" }
}
