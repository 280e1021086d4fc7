import Errors
import Features
import Pipeline

/// The settings given by a `log-mel` stage's parameters: a preset, and values that replace the preset's.
struct LogMelSettings {
    /// None of them can make a clip readable that failed, so none decides failures.
    static let definitions =
        [
            ParameterDefinition(
                "preset", .choice(FrontEndPreset.allCases.map(\.rawValue)), default: FrontEndPreset.yamnet.rawValue,
                decidesFailures: [], help: "the front-end whose settings apply if none are given")
        ]
        + FrontEndSetting.all.map {
            ParameterDefinition(
                $0.key, kind(of: $0.values), default: nil, optional: true, decidesFailures: [], help: $0.help)
        }

    private static func kind(of values: FrontEndSetting.Values) -> ParameterDefinition.Kind {
        switch values {
        case .integer(let range): .integer(range)
        case .number(let range): .number(range)
        case .name(let names): .choice(names)
        }
    }

    /// The front-end with these settings; its chunk is still the preset's.
    let frontEnd: FrontEnd
    private let preset: FrontEnd
    private let isPatchGiven: Bool

    /// - Throws: `FrontEnd.Misfit` if the values do not fit together.
    init(_ parameters: [String: String]) throws(FrontEnd.Misfit) {
        preset = (parameters["preset"].flatMap(FrontEndPreset.init) ?? .yamnet).frontEnd
        var frontEnd = preset
        for setting in FrontEndSetting.all {
            if let text = parameters[setting.key] { setting.set(&frontEnd, to: text) }
        }
        isPatchGiven = parameters[FrontEndSetting.patchKey] != nil
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
