/// The features that a network was trained on, as its file tells them.
///
/// The field names are the keys of the JSON text under `front_end`, and the same as those of the pipeline's front-end.
package struct ModelFrontEnd: Codable, Sendable, Equatable {
    /// Samples a second.
    package var rate: Int
    /// Samples of a frame's window.
    package var window: Int
    /// Samples between frames.
    package var hop: Int
    /// Samples of the Fourier transform.
    package var fft: Int
    /// Mel bands.
    package var bands: Int
    /// Lower edge of the lowest band in Hz.
    package var low: Double
    /// Upper edge of the highest band in Hz.
    package var high: Double
    /// Added to the mel magnitude before the logarithm.
    package var offset: Double
    /// Samples of a chunk.
    package var chunk: Int
    /// Frames of a chunk's patch, counted from its first.
    package var patchFrames: Int

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

    /// That of YAMNet, and so of LEAN.
    package static let yamnet = ModelFrontEnd(
        rate: 16_000, window: 400, hop: 160, fft: 512, bands: 64, low: 125, high: 7500, offset: 0.001, chunk: 16_000,
        patchFrames: 96)
}

/// What is subtracted from a log-mel patch before the network sees it.
package enum ModelNormalization: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// The one mean over all frames and bands of the patch.
    case chunkMean = "chunk-mean"
    /// Each band's mean over the patch's frames.
    case bandMean = "band-mean"
}
