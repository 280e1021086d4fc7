import Cache
import Corpora
import Engines
import Evaluation
import Foundation
import Models
import Training
import Wording

/// What a corpus says about a model's 8-bit form: the range of its activations, and what the form costs.
struct ModelCalibration {
    /// The path of the model file.
    let model: String
    let clips: [Manifest.Entry]
    let cache: CacheFolder
    let overlap: Double
    let threads: Int

    /// The largest activation of each layer on the clips' chunks, by name; layers that reach the limit of 6 are left
    /// out, and so is a layer that is always 0, about which the clips say nothing. Empty for a network without a trunk.
    ///
    /// - Throws: `ModelError` if the file is wrong; `TrainingError` if a clip has no features.
    func ranges() throws -> [String: Float] {
        let file = try ModelFile(path: model)
        try file.checkLayout()
        guard let probe = try ActivationProbe(file) else { return [:] }
        let metadata = file.metadata
        let set = try ChunkSet(
            clips.map { Manifest.Entry(clip: $0.clip, path: $0.path, labels: [], split: $0.split) },
            classes: metadata.classes, cache: cache, inputs: .mel, of: metadata.architecture.rawValue,
            overlap: overlap, normalization: metadata.normalization)
        let patch = AlignedFloats(count: YAMNetShape.frames * YAMNetShape.bands)
        for chunk in 0..<set.chunkCount {
            try set.fill(chunk, mel: patch.pointer, wave: nil)
            probe.add(patch.pointer)
        }
        return probe.largest.filter { $0.value >= 0.001 && $0.value < 6 }
    }

    /// Runs the model in float32 and its 8-bit form in int8 and says what the change costs, in two lines; in one more,
    /// which labels the map ignores and how many clips have none, where others have some.
    ///
    /// - Throws: any error of either model; `TrainingError` if a clip has no features.
    func cost(of quantized: String, labelMap: @escaping (ClassNames) throws -> LabelMap?) throws -> String {
        let judge = ModelEvaluator(clips: clips, cache: cache, threads: threads, resamples: 0, labelMap: labelMap)
        let before = try judge.evaluate(
            try EngineRegistry.standard.load(model, precision: .float32), overlap: overlap)
        let after = try judge.evaluate(
            try EngineRegistry.standard.load(quantized, precision: .int8), overlap: overlap)
        func figure(_ evaluation: ModelEvaluator.Evaluation) -> String? {
            guard let truth = evaluation.report.truth, truth.scoredClasses > 0 else { return nil }
            return Figures.fixed(truth.meanAveragePrecision, 4)
        }
        var largest: (difference: Float, clip: Int, place: Int) = (0, 0, 0)
        let classes = before.table.classes.count
        for (index, pair) in zip(before.table.scores, after.table.scores).enumerated() {
            let difference = abs(pair.0 - pair.1)
            if difference > largest.difference { largest = (difference, index / classes, index % classes) }
        }
        let accuracy =
            if let old = figure(before), let new = figure(after) {
                "mAP: \(old) in float32, \(new) in int8"
            } else {
                "mAP: none, as no class has clips with it and clips without it"
            }
        let told = accuracy + Self.left(before.report.truthCoverage)
        return told + "\nlargest difference of a clip's score: \(Figures.fixed(Double(largest.difference), 4))"
            + (largest.difference > 0
                ? TerminalText.plain(
                    " ('\(clips[largest.clip].clip)', \(before.table.classes[largest.place]))") : "")
    }

    /// What the accuracy does not cover, on a line of its own; empty if there is nothing.
    private static func left(_ coverage: TruthCoverage?) -> String {
        guard let coverage else { return "" }
        var parts = [coverage.dropped].compactMap(\.self)
        if coverage.unlabelled > 0, coverage.labels > 0 {
            parts.append("\(counted(coverage.unlabelled, "clip")) without a label, taken as having no class")
        }
        return parts.isEmpty ? "" : "\n" + TerminalText.plain(parts.joined(separator: "; "))
    }
}
