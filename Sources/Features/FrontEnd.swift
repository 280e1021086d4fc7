/// The settings of the log-mel front-end. A model fits features of exactly its own.
package struct FrontEnd: Codable, Hashable, Sendable, CustomStringConvertible {
    /// Samples per second.
    package var rate: Int
    /// Samples of the periodic Hann window.
    package var window: Int
    /// Samples from one frame to the next.
    package var hop: Int
    /// Points of the Fourier transform.
    package var fft: Int
    package var bands: Int
    /// Lower and upper edge of the mel bands, Hz.
    package var low: Double
    package var high: Double
    /// Added to the mel magnitude before the natural logarithm.
    package var offset: Double
    /// Samples of a chunk.
    package var chunk: Int
    /// Frames of a chunk that a network sees.
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

    /// YAMNet's and LEAN's: 25 ms windows every 10 ms, 64 bands from 125 to 7500 Hz, chunks of one second.
    package static let standard = FrontEnd(
        rate: 16000, window: 400, hop: 160, fft: 512, bands: 64, low: 125, high: 7500, offset: 0.001, chunk: 16000,
        patchFrames: 96)

    package var description: String {
        "\(rate) Hz, window \(window), hop \(hop), FFT \(fft), \(bands) bands \(low)-\(high) Hz, "
            + "ln(mel + \(offset)), chunk \(chunk), \(patchFrames) frames"
    }
}
