import Errors
import CSamplerate

/// A libsamplerate resampler for one mono stream.
final class SamplerateStream {
    private static let outputSize = 16_384

    private let handle: OpaquePointer
    private let ratio: Double
    private let output: UnsafeMutableBufferPointer<Float>
    /// The stream's first sample, if it came alone; nil once two samples have been passed on. Linear interpolation
    /// needs a pair at the start: given a single sample and then more, libsamplerate starts from 0.
    private var first: [Float]? = []

    init(from: Int, to: Int, converter: Converter) throws(AudioError) {
        let kind =
            switch converter {
            case .sincBest: SRC_SINC_BEST_QUALITY
            case .sincMedium: SRC_SINC_MEDIUM_QUALITY
            case .sincFastest: SRC_SINC_FASTEST
            default: SRC_LINEAR
            }
        ratio = Double(to) / Double(from)
        var code: Int32 = 0
        guard src_is_valid_ratio(ratio) != 0, let handle = src_new(Int32(kind), 1, &code) else {
            throw AudioError(.unsupported, path: "", "cannot resample \(from) to \(to) Hz: the ratio is out of range")
        }
        self.handle = handle
        output = .allocate(capacity: Self.outputSize)
    }

    deinit {
        src_delete(handle)
        output.deallocate()
    }

    func process(
        _ input: UnsafeBufferPointer<Float>, end: Bool, emit: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        guard let held = first else { return try convert(input, end: end, emit: emit) }
        let start = held + input
        first = start.count < 2 && !end ? start : nil
        if first == nil { try start.withUnsafeBufferPointer { try convert($0, end: end, emit: emit) } }
    }

    private func convert(
        _ input: UnsafeBufferPointer<Float>, end: Bool, emit: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        var rest = input
        while true {
            var data = SRC_DATA()
            // Without a pointer, libsamplerate does not notice the end and keeps half a filter length of samples; with
            // a pointer into the output, it would report an overlap.
            data.data_in = rest.baseAddress ?? UnsafePointer(output.baseAddress! + output.count)
            data.input_frames = rest.count
            data.data_out = output.baseAddress
            data.output_frames = output.count
            data.src_ratio = ratio
            data.end_of_input = end ? 1 : 0
            let code = src_process(handle, &data)
            guard code == 0 else {
                throw AudioError(.internal, path: "", "resampling failed: \(String(cString: src_strerror(code)))")
            }
            let made = data.output_frames_gen
            if made > 0 { try emit(UnsafeBufferPointer(rebasing: output[..<made])) }
            rest = UnsafeBufferPointer(rebasing: rest[data.input_frames_used...])
            if end ? made == 0 && rest.isEmpty : rest.isEmpty { return }
        }
    }

    func reset() throws {
        first = []
        guard src_reset(handle) == 0 else { throw AudioError(.internal, path: "", "resampling could not be reset") }
    }
}
