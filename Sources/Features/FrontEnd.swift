import Foundation

/// The settings that turn samples into log-mel frames, both of a pipeline and of a model. A model accepts only features
/// computed with exactly its own settings.
///
/// A frame is computed in this order: take the samples of one window; subtract the mean and apply pre-emphasis, if set;
/// multiply by the window; pad with zeros to the FFT's size; take magnitude or power; sum into mel bands; take
/// `logarithm(max(x + offset, floor))`. Then, for each patch, values more than `range` below the patch's maximum are
/// raised to that level; finally, `(y - mean) / deviation`.
package struct FrontEnd: Hashable, Sendable {
    /// The shape of the window. A periodic window has a period of `window` samples; a symmetric one ends with the value
    /// it begins with.
    package enum WindowShape: String, Sendable, CaseIterable {
        /// Periodic.
        case hann
        case symmetricHann = "symmetric-hann"
        /// Periodic: 0.54 - 0.46 cos.
        case hamming
        case symmetricHamming = "symmetric-hamming"
        /// Kaldi's: a symmetric Hann window to the power of 0.85.
        case povey
    }

    /// The conversion from hertz to mel.
    package enum MelScale: String, Sendable, CaseIterable {
        /// 1127 ln(1 + f / 700), as in HTK, Kaldi and YAMNet.
        case htk
        /// Linear below 1 kHz, logarithmic above, as in Slaney's Auditory Toolbox and librosa.
        case slaney
    }

    /// The axis along which the sides of a band's triangle are straight.
    package enum Triangles: String, Sendable, CaseIterable { case mel, hertz }

    /// The divisor of a band's weights.
    package enum BandNorm: String, Sendable, CaseIterable {
        /// No division: the triangles have height 1.
        case none
        /// Half the band's width in hertz, so that each triangle has area 1.
        case area
    }

    /// The position of the frames.
    package enum Framing: String, Sendable, CaseIterable {
        /// Frame t begins at sample t * hop; only complete windows count.
        case left
        /// Frame t is centred on sample t * hop; the clip is preceded and followed by zeros.
        case centredZero = "centred-zero"
        /// The same, but the clip is preceded and followed by its mirror image, without repeating the outermost sample.
        case centredReflect = "centred-reflect"
    }

    /// The signal that pre-emphasis is applied to.
    package enum PreEmphasisScope: String, Sendable, CaseIterable {
        /// Each frame separately, as in Kaldi; its first sample is also used as the sample before it.
        case frame
        /// The whole signal, which becomes one sample shorter.
        case wave
    }

    /// The value of a bin: |X| or |X|^2.
    package enum Spectrum: String, Sendable, CaseIterable { case magnitude, power }

    /// The logarithm applied to a band's sum.
    package enum Logarithm: String, Sendable, CaseIterable {
        case natural, decimal
        /// Relative to `reference`: 10 log10 of a power, 20 log10 of a magnitude.
        case decibel
    }

    /// The sample rate, in Hz.
    package var rate: Int
    /// The length of the window in samples.
    package var window: Int
    /// The number of samples from one frame to the next.
    package var hop: Int
    /// The number of points of the Fourier transform.
    package var fft: Int
    package var bands: Int
    /// The lower and upper edge of the mel bands, in Hz.
    package var low: Double
    package var high: Double
    /// The number added to the mel value before the logarithm.
    package var offset: Double
    /// The length of a chunk in samples.
    package var chunk: Int
    /// The number of frames of a chunk that a network sees, counted from the chunk's first.
    package var patchFrames: Int

    package var windowShape = WindowShape.hann
    package var melScale = MelScale.htk
    package var triangles = Triangles.mel
    package var bandNorm = BandNorm.none
    package var framing = Framing.left
    /// Whether each frame's mean is subtracted from it before the window.
    package var removesMean = false
    /// The share of the previous sample that is subtracted from each sample; 0 for no pre-emphasis.
    package var preEmphasis = 0.0
    package var preEmphasisScope = PreEmphasisScope.frame
    package var spectrum = Spectrum.magnitude
    package var logarithm = Logarithm.natural
    /// The mel value that corresponds to 0 dB.
    package var reference = 1.0
    /// The lower limit of the logarithm's argument; 0 for none.
    package var floor = 0.0
    /// How far values may lie below the patch's maximum, in the logarithm's unit; 0 for no limit.
    package var range = 0.0
    /// The number subtracted at the end.
    package var mean = 0.0
    /// The divisor at the end.
    package var deviation = 1.0

    /// - Parameters:
    ///   - rate: sample rate in Hz.
    ///   - window, hop, fft: in samples.
    ///   - bands: the number of mel bands.
    ///   - low, high: the lower edge of the lowest band and the upper edge of the highest, in Hz.
    ///   - offset: the number added before the logarithm.
    ///   - chunk: the length of a chunk in samples.
    ///   - patchFrames: the number of frames of a chunk that the network sees.
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

    /// The front-end of YAMNet and LEAN: 25 ms windows every 10 ms, 64 bands from 125 to 7500 Hz, chunks of one second.
    package static let standard = FrontEndPreset.yamnet.frontEnd
}

extension FrontEnd {
    /// The number of samples of a centred frame before its centre; 0 for left-aligned frames.
    var lead: Int { framing == .left ? 0 : fft / 2 - (fft - window) / 2 }

    /// The number of samples that the last centred frame may have after the clip's end; 0 for left-aligned frames.
    var trail: Int { framing == .left ? 0 : window - lead }

    /// The number of samples by which pre-emphasis shortens the signal.
    private var lost: Int { preEmphasis != 0 && preEmphasisScope == .wave ? 1 : 0 }

    /// Returns the number of frames in a signal of this many samples.
    package func frames(samples: Int) -> Int {
        let count = samples - lost
        if count <= 0 { return 0 }
        if framing != .left { return count / hop + 1 }
        return count < window ? 0 : (count - window) / hop + 1
    }

    /// Returns the smallest number of samples that gives this many frames; the inverse of `frames(samples:)`.
    package func samples(frames: Int) -> Int {
        guard frames > 0 else { return 0 }
        let count = (frames - 1) * hop + (framing == .left ? window : 0)
        return max(1, count) + lost
    }

    /// The length in samples of a lone chunk: that of the chunk, or more if its patch reaches beyond it.
    package var span: Int { max(chunk, samples(frames: patchFrames)) }

    /// The value of every band in a frame of silence, as stored.
    package var silence: Float { stored(0) }

    /// Returns a mel value as stored: if there is a range, mean and deviation are not applied yet.
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

    /// Applies the steps that need the patch's maximum. Does nothing if `range` is 0.
    ///
    /// The maximum of a recording is not known while it streams, and chunks share frames. So the maximum is that of the
    /// patch, which is what a network with such a front-end receives. The frames are stored before this step, and
    /// `mean` and `deviation`, which come after `range`, are also applied here.
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
