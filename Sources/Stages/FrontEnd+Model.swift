import Features
import Network

extension FrontEnd {
    /// The front-end a model was trained on.
    init(_ wanted: ModelFrontEnd) {
        self = FrontEnd(
            rate: wanted.rate, window: wanted.window, hop: wanted.hop, fft: wanted.fft, bands: wanted.bands,
            low: wanted.low, high: wanted.high, offset: wanted.offset, chunk: wanted.chunk,
            patchFrames: wanted.patchFrames)
    }
}
