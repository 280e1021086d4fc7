import Errors
import Features
import Pipeline

/// What a `log-mel` stage's parameters say: a preset, and settings in place of its own.
struct LogMelSettings {
    /// One setting of a front-end that can be given: how it is spelled, and where it goes. None makes a clip readable that
    /// failed.
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
        .integer("rate", FrontEnd.rates, \.rate, "samples per second; those of the resample stage before"),
        .integer("window", 2...65_536, \.window, "samples of the window"),
        .name("window-shape", \.windowShape, "shape of the window; hann and hamming are periodic"),
        .integer("hop", 1...1 << 20, \.hop, "samples from one frame to the next"),
        .integer("fft", 16...65_536, \.fft, "points of the Fourier transform, an even number"),
        .integer("bands", 1...4096, \.bands, "mel bands"),
        .number("low", 0...192_000, \.low, "lower edge of the lowest band, Hz"),
        .number("high", 0...192_000, \.high, "upper edge of the highest band, Hz"),
        .name("mel-scale", \.melScale, "how hertz become mel"),
        .name("triangles", \.triangles, "the axis along which a band's sides are straight"),
        .name("band-norm", \.bandNorm, "area: each band's weights are divided by half its width in Hz"),
        .name("framing", \.framing, "where frames lie, and what stands before and behind the clip"),
        Setting(
            definition: .init(
                "dc", .choice(["keep", "remove"]), default: nil, optional: true, decidesFailures: [],
                help: "whether each frame's mean is subtracted from it")
        ) { $0.removesMean = $1 == "remove" },
        .number("pre-emphasis", 0...0.999, \.preEmphasis, "share of the sample before that is subtracted; 0 for none"),
        .name("pre-emphasis-of", \.preEmphasisScope, "what it is applied to"),
        .name("spectrum", \.spectrum, "what of the Fourier transform the bands add up"),
        .name("logarithm", \.logarithm, "decibel is 10 log10 of a power, 20 log10 of a magnitude"),
        .number("reference", 1e-30...1e30, \.reference, "the mel value of 0 dB"),
        .number("offset", 0...1e6, \.offset, "added before the logarithm"),
        .number("floor", 0...1e6, \.floor, "least value that goes into the logarithm"),
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
                decidesFailures: [], help: "the front-end whose settings hold where none are given")
        ] + settings.map(\.definition)

    /// Its chunk is still the preset's.
    let frontEnd: FrontEnd
    private let preset: FrontEnd
    private let isPatchGiven: Bool

    /// - Throws: `FrontEnd.Misfit` where the values do not go together.
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

    /// The front-end over the chunks of a stage before it. Its patch, where none is given, is the preset's as long as chunks
    /// and frames are, and else every frame that a chunk has.
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
