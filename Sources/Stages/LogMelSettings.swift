import Errors
import Features
import Pipeline

/// The settings given by a `log-mel` stage's parameters: a preset, and values that replace the preset's.
struct LogMelSettings {
    /// One setting of a front-end that can be given: how it is written, and what it sets. None of them can make a clip
    /// readable that failed, so none decides failures.
    private struct Setting {
        let definition: ParameterDefinition
        let set: @Sendable (inout FrontEnd, String) -> Void

        static func integer(
            _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<FrontEnd, Int> & Sendable, _ help: String
        ) -> Setting {
            Setting(
                definition: .init(key, .integer(range), default: nil, optional: true, decidesFailures: [], help: help)
            ) {
                if let value = Int($1) { $0[keyPath: path] = value }
            }
        }

        static func number(
            _ key: String, _ range: ClosedRange<Double>, _ path: WritableKeyPath<FrontEnd, Double> & Sendable,
            _ help: String
        ) -> Setting {
            Setting(
                definition: .init(key, .number(range), default: nil, optional: true, decidesFailures: [], help: help)
            ) {
                if let value = Double($1) { $0[keyPath: path] = value }
            }
        }

        static func name<Value: RawRepresentable & CaseIterable & SendableMetatype>(
            _ key: String, _ path: WritableKeyPath<FrontEnd, Value> & Sendable, _ help: String
        ) -> Setting where Value.RawValue == String {
            let names = Value.allCases.map(\.rawValue)
            return Setting(
                definition: .init(key, .choice(names), default: nil, optional: true, decidesFailures: [], help: help)
            ) {
                if let value = Value(rawValue: $1) { $0[keyPath: path] = value }
            }
        }
    }

    private static let settings: [Setting] = [
        .integer("rate", FrontEnd.rates, \.rate, "samples per second; the same as in the resample stage above"),
        .integer("window", 2...65_536, \.window, "samples of the window"),
        .name("window-shape", \.windowShape, "shape of the window; hann and hamming are periodic"),
        .integer("hop", 1...1 << 20, \.hop, "samples from one frame to the next"),
        .integer("fft", 16...65_536, \.fft, "points of the Fourier transform, an even number"),
        .integer("bands", 1...4096, \.bands, "mel bands"),
        .number("low", 0...192_000, \.low, "lower edge of the lowest band, Hz"),
        .number("high", 0...192_000, \.high, "upper edge of the highest band, Hz"),
        .name("mel-scale", \.melScale, "how hertz are converted to mel"),
        .name("triangles", \.triangles, "the axis along which a band's sides are straight"),
        .name("band-norm", \.bandNorm, "area: each band's weights are divided by half its width in Hz"),
        .name("framing", \.framing, "where frames lie, and what precedes and follows the clip"),
        Setting(
            definition: .init(
                "dc", .choice(["keep", "remove"]), default: nil, optional: true, decidesFailures: [],
                help: "whether each frame's mean is subtracted from it")
        ) { $0.removesMean = $1 == "remove" },
        .number(
            "pre-emphasis", 0...0.999, \.preEmphasis, "share of the previous sample that is subtracted; 0 for none"),
        .name("pre-emphasis-of", \.preEmphasisScope, "what it is applied to"),
        .name("spectrum", \.spectrum, "which values of the Fourier transform the bands add up"),
        .name("logarithm", \.logarithm, "decibel is 10 log10 of a power, 20 log10 of a magnitude"),
        .number("reference", 1e-30...1e30, \.reference, "the mel value of 0 dB"),
        .number("offset", 0...1e6, \.offset, "added before the logarithm"),
        .number("floor", 0...1e6, \.floor, "smallest value that the logarithm is taken of"),
        .number(
            "range", 0...1e6, \.range,
            "how far below a patch's maximum its values may lie; 0 for any distance. For patches, not for what is stored"
        ),
        .number("mean", -1e6...1e6, \.mean, "subtracted at the end"),
        .number("deviation", 1e-6...1e6, \.deviation, "divided by at the end"),
        .integer("patch", 1...1 << 24, \.patchFrames, "frames of a chunk that a network sees"),
    ]

    static let definitions =
        [
            ParameterDefinition(
                "preset", .choice(FrontEndPreset.allCases.map(\.rawValue)), default: FrontEndPreset.yamnet.rawValue,
                decidesFailures: [], help: "the front-end whose settings apply if none are given")
        ] + settings.map(\.definition)

    /// The front-end with these settings; its chunk is still the preset's.
    let frontEnd: FrontEnd
    private let preset: FrontEnd
    private let isPatchGiven: Bool

    /// - Throws: `FrontEnd.Misfit` if the values do not fit together.
    init(_ parameters: [String: String]) throws(FrontEnd.Misfit) {
        preset = (parameters["preset"].flatMap(FrontEndPreset.init) ?? .yamnet).frontEnd
        var frontEnd = preset
        for setting in Self.settings {
            if let text = parameters[setting.definition.key] { setting.set(&frontEnd, text) }
        }
        isPatchGiven = parameters["patch"] != nil
        self.frontEnd = frontEnd
        try frontEnd.check()
    }

    /// The front-end for the chunks of a stage above it. If no patch is given, the patch is the preset's if chunks and
    /// frames are the preset's too, and otherwise all frames of a chunk.
    func over(_ chunks: ChunkPlan) -> FrontEnd {
        var made = frontEnd
        made.chunk = chunks.frontEnd.chunk
        let isPresets =
            made.chunk == preset.chunk && made.hop == preset.hop && made.window == preset.window
            && made.framing == preset.framing && made.fft == preset.fft
        if !isPatchGiven, !isPresets { made.patchFrames = max(1, made.frames(samples: made.chunk)) }
        return made
    }
}
