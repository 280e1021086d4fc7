/// The front-ends of well-known networks and of librosa, by name.
///
/// Chunks have the length that the network was made for. Two differences from the original projects: if a project pads
/// a short clip's features, Earmark pads its samples with zeros; and if a project pads a chunk, Earmark uses the
/// neighbouring samples of the clip.
package enum FrontEndPreset: String, Sendable, CaseIterable {
    /// YAMNet's and LEAN's.
    case yamnet
    /// VGGish's: YAMNet's bands, consecutive patches of 0.96 s, a different offset.
    case vggish
    /// PANNs' (CNN14 and others), 32 kHz: the input of their first batch normalization.
    case panns
    /// EfficientAT's (MobileNets by knowledge distillation), 32 kHz, without its augmentation.
    case efficientat
    /// The Audio Spectrogram Transformer's: Kaldi's filter bank, scaled by AudioSet's mean and deviation.
    case ast
    /// Whisper's, with 80 bands.
    case whisper
    /// The defaults of librosa's `melspectrogram` and `power_to_db`.
    case librosa

    /// The preset's settings.
    package var frontEnd: FrontEnd {
        switch self {
        case .yamnet:
            FrontEnd(
                rate: 16_000, window: 400, hop: 160, fft: 512, bands: 64, low: 125, high: 7500, offset: 0.001,
                chunk: 16_000, patchFrames: 96)
        case .vggish:
            FrontEnd(
                rate: 16_000, window: 400, hop: 160, fft: 512, bands: 64, low: 125, high: 7500, offset: 0.01,
                chunk: 15_360, patchFrames: 96)
        case .panns: Self.pannsSettings
        case .efficientat: Self.efficientatSettings
        case .ast: Self.astSettings
        case .whisper: Self.whisperSettings
        case .librosa: Self.librosaSettings
        }
    }

    private static let pannsSettings = {
        var made = FrontEnd(
            rate: 32_000, window: 1024, hop: 320, fft: 1024, bands: 64, low: 50, high: 14_000, offset: 0,
            chunk: 320_000, patchFrames: 1001)
        made.useLibrosaBands()
        made.framing = .centredReflect
        made.spectrum = .power
        made.logarithm = .decibel
        made.floor = 1e-10
        return made
    }()

    private static let efficientatSettings = {
        var made = FrontEnd(
            rate: 32_000, window: 800, hop: 320, fft: 1024, bands: 128, low: 0, high: 15_000, offset: 1e-5,
            chunk: 320_000, patchFrames: 1000)
        made.windowShape = .symmetricHann
        made.framing = .centredReflect
        made.preEmphasis = 0.97
        made.preEmphasisScope = .wave
        made.spectrum = .power
        made.mean = -4.5
        made.deviation = 5
        return made
    }()

    private static let astSettings = {
        var made = FrontEnd(
            rate: 16_000, window: 400, hop: 160, fft: 512, bands: 128, low: 20, high: 8000, offset: 0,
            chunk: 163_840, patchFrames: 1024)
        made.windowShape = .symmetricHann
        made.removesMean = true
        made.preEmphasis = 0.97
        made.spectrum = .power
        // The machine epsilon of single precision, which limits the argument of Kaldi's logarithm from below.
        made.floor = 0x1p-23
        made.mean = -4.267_739_3
        made.deviation = 2 * 4.568_997_4
        return made
    }()

    private static let whisperSettings = {
        var made = FrontEnd(
            rate: 16_000, window: 400, hop: 160, fft: 400, bands: 80, low: 0, high: 8000, offset: 0, chunk: 480_000,
            patchFrames: 3000)
        made.useLibrosaBands()
        made.framing = .centredReflect
        made.spectrum = .power
        made.logarithm = .decimal
        made.floor = 1e-10
        made.range = 8
        made.mean = -4
        made.deviation = 4
        return made
    }()

    private static let librosaSettings = {
        var made = FrontEnd(
            rate: 22_050, window: 2048, hop: 512, fft: 2048, bands: 128, low: 0, high: 11_025, offset: 0,
            chunk: 22_528, patchFrames: 44)
        made.useLibrosaBands()
        made.framing = .centredZero
        made.spectrum = .power
        made.logarithm = .decibel
        made.floor = 1e-10
        made.range = 80
        return made
    }()
}

extension FrontEnd {
    /// Sets the bands that `librosa.filters.mel` computes by default.
    fileprivate mutating func useLibrosaBands() {
        melScale = .slaney
        triangles = .hertz
        bandNorm = .area
    }
}
