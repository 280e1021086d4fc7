/// Resamples a stream of mono samples, piece by piece. The output does not depend on how the stream was cut into pieces.
package final class Resampler {
    private enum Engine {
        case none
        case soxr(SoxrStream)
        case samplerate(SamplerateStream)
    }

    private let engine: Engine

    /// - Throws: `AudioError` for rates the library refuses.
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

    /// Takes samples in and hands resampled ones to `emit`, in order.
    ///
    /// - Parameter end: true with the last piece, which may be empty.
    /// - Throws: `AudioError` where the library refuses the samples, and what `emit` throws.
    package func process(
        _ input: UnsafeBufferPointer<Float>, end: Bool, emit: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        switch engine {
        case .none: if !input.isEmpty { try emit(input) }
        case .soxr(let stream): try stream.process(input, end: end, emit: emit)
        case .samplerate(let stream): try stream.process(input, end: end, emit: emit)
        }
    }

    /// Makes it ready for another clip at the same rate, as if new.
    ///
    /// - Throws: `AudioError` where the library cannot begin anew.
    package func reset() throws {
        switch engine {
        case .none: return
        case .soxr(let stream): try stream.reset()
        case .samplerate(let stream): try stream.reset()
        }
    }
}
