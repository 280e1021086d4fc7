import Errors
import CSoxr

/// A libsoxr resampler for one mono stream.
final class SoxrStream {
    private static let outputSize = 16_384

    private let handle: soxr_t
    private let output: UnsafeMutableBufferPointer<Float>

    init(from: Int, to: Int, isVeryHigh: Bool) throws(AudioError) {
        var fault: soxr_error_t?
        var io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
        var quality = soxr_quality_spec(UInt(isVeryHigh ? SOXR_VHQ : SOXR_HQ), 0)
        guard let handle = soxr_create(Double(from), Double(to), 1, &fault, &io, &quality, nil), fault == nil else {
            let reason = fault.map { String(cString: $0) } ?? "out of memory"
            throw AudioError(.unsupported, path: "", "cannot resample \(from) to \(to) Hz: \(reason)")
        }
        self.handle = handle
        output = .allocate(capacity: Self.outputSize)
    }

    deinit {
        soxr_delete(handle)
        output.deallocate()
    }

    func process(
        _ input: UnsafeBufferPointer<Float>, end: Bool, emit: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        var rest = input
        while !rest.isEmpty {
            var used = 0
            var made = 0
            try check(
                soxr_process(handle, rest.baseAddress, rest.count, &used, output.baseAddress, output.count, &made))
            if made > 0 { try emit(UnsafeBufferPointer(rebasing: output[..<made])) }
            rest = UnsafeBufferPointer(rebasing: rest[used...])
        }
        guard end else { return }
        while true {
            var made = 0
            try check(soxr_process(handle, nil, 0, nil, output.baseAddress, output.count, &made))
            if made == 0 { return }
            try emit(UnsafeBufferPointer(rebasing: output[..<made]))
        }
    }

    func reset() throws { try check(soxr_clear(handle)) }

    private func check(_ fault: soxr_error_t?) throws(AudioError) {
        if let fault { throw AudioError(.internal, path: "", "resampling failed: \(String(cString: fault))") }
    }
}
