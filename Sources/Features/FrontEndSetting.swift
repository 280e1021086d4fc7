/// A setting of a front-end as users write it, in a `log-mel` stage and in a model card: its key, its values, and what it
/// sets. The chunk's length is not among them, as it belongs to the chunks.
package struct FrontEndSetting: Sendable {
    /// What a setting's text must be.
    package enum Values: Sendable {
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case name([String])
    }

    package let key: String
    package let values: Values
    package let help: String
    private let setting: @Sendable (inout FrontEnd, String) -> Void
    private let telling: @Sendable (FrontEnd) -> String

    /// Whether a text is one of the setting's values.
    package func accepts(_ text: String) -> Bool {
        switch values {
        case .integer(let range): Int(text).map(range.contains) ?? false
        case .number(let range): Double(text).map(range.contains) ?? false
        case .name(let names): names.contains(text)
        }
    }

    /// What a text must be, for messages.
    package var expectation: String {
        switch values {
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .name(let names): "one of " + names.joined(separator: ", ")
        }
    }

    /// Sets the value; a text that is not accepted changes nothing.
    package func set(_ frontEnd: inout FrontEnd, to text: String) { setting(&frontEnd, text) }

    /// The value that a front-end has, as it would be written.
    package func text(of frontEnd: FrontEnd) -> String { telling(frontEnd) }

    /// Every setting, in the order of the help.
    package static let all: [FrontEndSetting] = [
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
        FrontEndSetting(
            key: "dc", values: .name(["keep", "remove"]), help: "whether each frame's mean is subtracted from it",
            setting: { $0.removesMean = $1 == "remove" }, telling: { $0.removesMean ? "remove" : "keep" }),
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
        .integer(patchKey, 1...1 << 24, \.patchFrames, "frames of a chunk that a network sees"),
    ]

    /// Key of the number of frames that a network sees.
    package static let patchKey = "patch"

    private static func integer(
        _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<FrontEnd, Int> & Sendable, _ help: String
    ) -> FrontEndSetting {
        FrontEndSetting(
            key: key, values: .integer(range), help: help,
            setting: { if let value = Int($1) { $0[keyPath: path] = value } }, telling: { "\($0[keyPath: path])" })
    }

    private static func number(
        _ key: String, _ range: ClosedRange<Double>, _ path: WritableKeyPath<FrontEnd, Double> & Sendable,
        _ help: String
    ) -> FrontEndSetting {
        FrontEndSetting(
            key: key, values: .number(range), help: help,
            setting: { if let value = Double($1) { $0[keyPath: path] = value } }, telling: { "\($0[keyPath: path])" })
    }

    private static func name<Value: RawRepresentable & CaseIterable & SendableMetatype>(
        _ key: String, _ path: WritableKeyPath<FrontEnd, Value> & Sendable, _ help: String
    ) -> FrontEndSetting where Value.RawValue == String {
        FrontEndSetting(
            key: key, values: .name(Value.allCases.map(\.rawValue)), help: help,
            setting: { if let value = Value(rawValue: $1) { $0[keyPath: path] = value } },
            telling: { $0[keyPath: path].rawValue })
    }
}

extension FrontEnd {
    /// The preset that needs the fewest settings besides to be this front-end, and these settings. Its chunk's length is
    /// left to the chunks.
    ///
    /// The number of frames that a network sees is given unless it follows from the preset, as a `log-mel` stage has it.
    package var asPreset: (preset: FrontEndPreset, settings: [(key: String, value: String)]) {
        let others = FrontEndSetting.all.filter { $0.key != FrontEndSetting.patchKey }
        var best: (preset: FrontEndPreset, settings: [(key: String, value: String)])?
        for preset in FrontEndPreset.allCases {
            let usual = preset.frontEnd
            var settings = others.filter { $0.text(of: self) != $0.text(of: usual) }.map {
                (key: $0.key, value: $0.text(of: self))
            }
            if !settings.isEmpty || chunk != usual.chunk || patchFrames != usual.patchFrames {
                settings.append((FrontEndSetting.patchKey, "\(patchFrames)"))
            }
            if settings.count < best?.settings.count ?? .max { best = (preset, settings) }
        }
        return best ?? (.yamnet, [])
    }
}
