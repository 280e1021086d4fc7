import Foundation

/// The settings that turn samples into log-mel frames, of a pipeline and of a model alike. A model fits features of
/// exactly its own.
///
/// A frame is computed in this order: samples of one window; the mean removed and pre-emphasis, where asked for; the
/// window; zeros up to the FFT; magnitude or power; mel bands; `logarithm(max(x + offset, floor))`. Then, once for each
/// patch, values below the patch's maximum less `range` are raised to it; last `(y - mean) / deviation`.
package struct FrontEnd: Hashable, Sendable {
    /// The shape of the window. A periodic one has its period in `window` samples, a symmetric one ends as it begins.
    package enum WindowShape: String, Sendable, CaseIterable {
        /// Periodic.
        case hann
        case symmetricHann = "symmetric-hann"
        /// Periodic, 0.54 - 0.46 cos.
        case hamming
        case symmetricHamming = "symmetric-hamming"
        /// Kaldi's: a symmetric Hann window to the power of 0.85.
        case povey
    }

    /// How hertz become mel.
    package enum MelScale: String, Sendable, CaseIterable {
        /// 1127 ln(1 + f / 700); HTK's, Kaldi's and YAMNet's.
        case htk
        /// Linear below 1 kHz, logarithmic above; Slaney's Auditory Toolbox and librosa.
        case slaney
    }

    /// The axis along which the sides of a band's triangle are straight.
    package enum Triangles: String, Sendable, CaseIterable { case mel, hertz }

    /// What a band's weights are divided by.
    package enum BandNorm: String, Sendable, CaseIterable {
        /// Nothing: the triangles have height 1.
        case none
        /// Half the band's width in hertz, so that each triangle has area 1.
        case area
    }

    /// Where the frames lie.
    package enum Framing: String, Sendable, CaseIterable {
        /// Frame t begins at sample t * hop; only whole windows count.
        case left
        /// Frame t has its middle at sample t * hop; before and behind the clip are zeros.
        case centredZero = "centred-zero"
        /// The same, and before and behind the clip is its mirror image, the outermost sample not repeated.
        case centredReflect = "centred-reflect"
    }

    /// What pre-emphasis is applied to.
    package enum PreEmphasisScope: String, Sendable, CaseIterable {
        /// Each frame by itself, as Kaldi does; its first sample stands for the one before it.
        case frame
        /// The whole wave, which is one sample shorter by that.
        case wave
    }

    /// What is taken of a bin: |X|, or |X|^2.
    package enum Spectrum: String, Sendable, CaseIterable { case magnitude, power }

    /// What is taken of a band's sum.
    package enum Logarithm: String, Sendable, CaseIterable {
        case natural, decimal
        /// Against `reference`: 10 log10 of a power, 20 log10 of a magnitude.
        case decibel
    }

    /// Samples per second.
    package var rate: Int
    /// Samples of the window.
    package var window: Int
    /// Samples from one frame to the next.
    package var hop: Int
    /// Points of the Fourier transform.
    package var fft: Int
    package var bands: Int
    /// Lower and upper edge of the mel bands, Hz.
    package var low: Double
    package var high: Double
    /// Added to the mel value before the logarithm.
    package var offset: Double
    /// Samples of a chunk.
    package var chunk: Int
    /// Frames of a chunk that a network sees, counted from its first.
    package var patchFrames: Int

    package var windowShape = WindowShape.hann
    package var melScale = MelScale.htk
    package var triangles = Triangles.mel
    package var bandNorm = BandNorm.none
    package var framing = Framing.left
    /// Whether each frame's mean is subtracted from it before the window.
    package var removesMean = false
    /// The share of the sample before that is subtracted from each; 0 for none.
    package var preEmphasis = 0.0
    package var preEmphasisScope = PreEmphasisScope.frame
    package var spectrum = Spectrum.magnitude
    package var logarithm = Logarithm.natural
    /// The mel value of 0 dB.
    package var reference = 1.0
    /// The least value that goes into the logarithm; 0 for none.
    package var floor = 0.0
    /// How far below the patch's maximum its values may lie, in the logarithm's unit; 0 for any distance.
    package var range = 0.0
    /// Subtracted at the end.
    package var mean = 0.0
    /// Divided by at the end.
    package var deviation = 1.0

    /// - Parameters:
    ///   - rate: samples per second.
    ///   - window, hop, fft: in samples.
    ///   - bands: mel bands.
    ///   - low, high: edges of the lowest and highest band, in Hz.
    ///   - offset: what is added before the logarithm.
    ///   - chunk: samples of a chunk.
    ///   - patchFrames: frames of a chunk that the network sees.
    package init(
        rate: Int, window: Int, hop: Int, fft: Int, bands: Int, low: Double, high: Double, offset: Double, chunk: Int,
        patchFrames: Int
    ) {
        self.rate = rate
        self.window = window
        self.hop = hop
        self.fft = fft
        self.bands = bands
        self.low = low
        self.high = high
        self.offset = offset
        self.chunk = chunk
        self.patchFrames = patchFrames
    }

    /// YAMNet's and LEAN's: 25 ms windows every 10 ms, 64 bands from 125 to 7500 Hz, chunks of one second.
    package static let standard = FrontEndPreset.yamnet.frontEnd
}

extension FrontEnd {
    /// Samples that a centred frame has before its middle; 0 where frames lie left.
    var lead: Int { framing == .left ? 0 : fft / 2 - (fft - window) / 2 }

    /// Samples that the last centred frame may have behind the clip's end; 0 where frames lie left.
    var trail: Int { framing == .left ? 0 : window - lead }

    /// Samples that pre-emphasis of the wave takes from its length.
    private var lost: Int { preEmphasis != 0 && preEmphasisScope == .wave ? 1 : 0 }

    /// Frames of a wave with so many samples.
    package func frames(samples: Int) -> Int {
        let count = samples - lost
        if count <= 0 { return 0 }
        if framing != .left { return count / hop + 1 }
        return count < window ? 0 : (count - window) / hop + 1
    }

    /// Samples that a wave must have for so many frames; the inverse of `frames(samples:)`.
    package func samples(frames: Int) -> Int {
        guard frames > 0 else { return 0 }
        let count = (frames - 1) * hop + (framing == .left ? window : 0)
        return max(1, count) + lost
    }

    /// Samples of a lone chunk: those of the chunk, and more where its patch reaches beyond them.
    package var span: Int { max(chunk, samples(frames: patchFrames)) }

    /// The value of every band of a frame of silence, as it is stored.
    package var silence: Float { stored(0) }

    /// A mel value as it is stored: where there is a range, mean and deviation come after it.
    func stored(_ value: Double) -> Float {
        let level = level(value)
        return Float(range > 0 ? level : (level - mean) / deviation)
    }

    private func level(_ value: Double) -> Double {
        let raised = max(value + offset, floor)
        switch logarithm {
        case .natural: return log(raised)
        case .decimal: return log10(raised)
        case .decibel: return (spectrum == .power ? 10 : 20) * (log10(raised) - log10(max(reference, floor)))
        }
    }

    /// Does to a patch what can only be done once its maximum is known. Nothing where `range` is 0.
    ///
    /// A recording has no end while it streams, and chunks share frames. So the maximum is that of the patch, which is
    /// what a network of such a front-end is given: the stored frames are those before, and `mean` and `deviation`,
    /// which come after it, are left to this step too.
    ///
    /// - Parameter patch: (frames, bands), row-major, changed in place.
    package func finish(_ patch: UnsafeMutableBufferPointer<Float>) {
        guard range > 0, let peak = patch.max() else { return }
        let least = peak - Float(range)
        for index in patch.indices {
            patch[index] = Float((Double(max(patch[index], least)) - mean) / deviation)
        }
    }
}
