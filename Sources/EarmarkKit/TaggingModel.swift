import Audio
import Engines
import Features

/// A model that identifies the sounds in a second or so of audio.
///
/// Scoring occupies the calling thread and changes no state, so several threads may score at once.
public final class TaggingModel: Sendable {
    /// What a model reads of each chunk.
    public enum Input: String, Sendable, CaseIterable {
        case logMel
        case samples
        case logMelAndSamples
    }

    private let engine: any InferenceEngine
    private var model: ModelDescription { engine.model }

    /// Reads a model file, `.safetensors`, and verifies every byte of it.
    ///
    /// - Throws: ``EarmarkKitError`` if it is not a model that can be run, or gives embeddings only.
    public init(path: String) throws(EarmarkKitError) {
        engine = try EarmarkKitError.translating { try EngineRegistry.standard.load(path) }
        guard !engine.model.classes.isEmpty else {
            throw EarmarkKitError(
                .badInput,
                "\(path): the model '\(engine.model.network)' gives embeddings only, expected one with classes")
        }
    }

    /// The class names, in the order of the scores.
    public var classes: [String] { model.classes }
    /// The sample rate, in Hz, that the model was trained on.
    public var sampleRate: Int { model.rate }
    /// The length of a chunk in seconds.
    public var chunkDuration: Double { Double(model.chunk) / Double(model.rate) }
    public var input: Input {
        model.needsMel ? (model.needsWave ? .logMelAndSamples : .logMel) : .samples
    }

    /// Scores a recording chunk by chunk; the last chunk is padded with zeros. The scores of every chunk are bit for
    /// bit those of a pipeline that has the same overlap and keeps its samples as `float32`.
    ///
    /// - Parameters:
    ///   - samples: one channel, at least one sample, with full scale at -1 and 1.
    ///   - sampleRate: the rate of the samples in Hz, 4,000 to 384,000; nil for the model's own. Other rates than the
    ///     model's are resampled as with `converter: soxr-hq`.
    ///   - overlap: the share of a chunk that the next one repeats, 0 to below 1. The resulting hop must be a multiple
    ///     of the model's frame hop, 10 ms for most models.
    /// - Throws: ``EarmarkKitError`` of category `usage` if there are no samples, a sample is not finite, or another
    ///   value is out of range; of category `internalFault` if the model's scores are not finite.
    public func scores(
        of samples: [Float], sampleRate: Int? = nil, overlap: Double = 0.5
    ) throws(EarmarkKitError) -> ChunkScores {
        let rate = sampleRate ?? self.sampleRate
        guard FrontEnd.rates.contains(rate) else {
            throw EarmarkKitError(.usage, "found \(rate) samples a second, expected 4000 to 384000")
        }
        if let place = samples.firstIndex(where: { !$0.isFinite }) {
            throw EarmarkKitError(
                .usage, "found \(samples[place]) at sample \(place), expected finite samples")
        }
        return try EarmarkKitError.translating {
            let plan: ChunkPlan
            // The overlap comes from the caller, not from a file, so a misfit is a usage error.
            do throws(ChunkPlan.Misfit) { plan = try ChunkPlan(frontEnd: frontEnd, overlap: overlap) } catch {
                throw EarmarkKitError(.usage, error.message)
            }
            let wave = try Self.resampled(samples, from: rate, to: self.sampleRate)
            guard !wave.isEmpty else {
                throw EarmarkKitError(
                    .usage, "found \(samples.count) samples, expected at least one at \(self.sampleRate) Hz")
            }
            let values = try ModelScorer(engine: engine, plan: plan).scores(of: wave)
            let rows = FeatureRows(
                .values(values), count: plan.count(samples: wave.count), columns: classes.count,
                sampleRate: self.sampleRate, hop: plan.hop, clipSamples: wave.count)
            return ChunkScores(classes: classes, rows: rows, duration: chunkDuration)
        }
    }

    /// The front-end that defines the chunks; for a model that reads only samples, one made from its rate and chunk
    /// length.
    private var frontEnd: FrontEnd {
        if let own = model.frontEnd { return own }
        var usual = FrontEnd.standard
        usual.rate = model.rate
        usual.chunk = model.chunk
        usual.patchFrames = max(1, usual.frames(samples: model.chunk))
        return usual
    }

    private static func resampled(_ samples: [Float], from: Int, to: Int) throws -> [Float] {
        guard from != to, !samples.isEmpty else { return samples }
        var wave: [Float] = []
        wave.reserveCapacity(samples.count / from * to + to)
        let resampler = try Resampler(from: from, to: to, converter: .soxrHQ)
        try samples.withUnsafeBufferPointer { try resampler.process($0, end: true) { wave += $0 } }
        return wave
    }
}
