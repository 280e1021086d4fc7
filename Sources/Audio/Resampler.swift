/// Resamples a stream of mono samples piece by piece. The output does not depend on how the stream is split into
/// pieces.
package final class Resampler {
    private enum Engine {
        case none
        case soxr(SoxrStream)
        case samplerate(SamplerateStream)
    }

    private let engine: Engine

    /// - Throws: `AudioError` if the library does not support the rates.
    package init(from: Int, to: Int, converter: Converter) throws(AudioError) {
        if from == to {
            engine = .none
            return
        }
        switch converter {
        case .soxrHQ, .soxrVHQ:
            engine = .soxr(try SoxrStream(from: from, to: to, isVeryHigh: converter == .soxrVHQ))
        default: engine = .samplerate(try SamplerateStream(from: from, to: to, converter: converter))
        }
    }

    /// Adds samples and passes resampled ones to `emit`, in order.
    ///
    /// - Parameter end: true for the last piece, which may be empty.
    /// - Throws: `AudioError` if the library refuses the samples, and the error that `emit` throws.
    package func process(
        _ input: UnsafeBufferPointer<Float>, end: Bool, emit: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        switch engine {
        case .none: if !input.isEmpty { try emit(input) }
        case .soxr(let stream): try stream.process(input, end: end, emit: emit)
        case .samplerate(let stream): try stream.process(input, end: end, emit: emit)
        }
    }

    /// Resets the resampler for another clip at the same rates, as if it were new.
    ///
    /// - Throws: `AudioError` if the library cannot be reset.
    package func reset() throws {
        switch engine {
        case .none: return
        case .soxr(let stream): try stream.reset()
        case .samplerate(let stream): try stream.reset()
        }
    }
}
