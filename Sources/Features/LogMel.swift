import CKernels
import Foundation

/// Turns a stream of samples into log-mel frames, each computed once.
///
/// Each worker needs its own instance. The frames do not depend on how the stream is split into pieces. For ln(mel
/// magnitude + offset) with left-aligned frames, as in YAMNet and VGGish, there is a fast path in single precision;
/// everything else is computed in double precision.
package final class LogMel {
    /// The number of frames emitted at a time.
    private static let group = 32

    private let frontEnd: FrontEnd
    /// In single precision, every bin has an error of about 2e-7 of the frame's loudest bin. If that could change a
    /// band by more than 5e-4 in the logarithm, the frame is computed again in double precision.
    private static let rounding: Float = 2e-7
    private static let tolerance: Float = 5e-4

    /// The computation in double precision; nil if the front-end is one of the fast path.
    private let general: WideFrame?
    private let fourier: FourierPlan
    private let wide: WideFourierPlan
    private let window: [Float]
    /// The weights of all bands in sequence, each band padded with zeros to a whole number of steps.
    private let weights: [Float]
    private let bands: [cm_band]
    /// Constant data of the program, never written.
    private let kernels: UnsafePointer<cm_kernels>
    /// The magnitudes, with space at the end for the padding of the last band.
    private let magnitude: UnsafeMutablePointer<Float>
    private let frames: UnsafeMutableBufferPointer<Float>
    /// The samples from the start of the next frame on, preceded by those that may be needed to mirror the clip's end.
    private var held: [Float] = []
    /// The start of the next frame in `held`; beyond its end if frames leave samples out.
    private var next = 0
    /// The number of samples to keep in `held` for mirroring the clip's end.
    private let history: Int
    /// Whether the samples that precede the clip are in `held`.
    private var hasLead = false
    /// The last sample received, if pre-emphasis is applied to the whole signal.
    private var previous: Float?

    /// - Parameter isPlain: whether to use the kernels that run on every processor instead of the fastest on this one.
    ///   Both give the same bits.
    /// - Throws: `FrontEnd.Misfit` if the front-end contradicts itself.
    package init(frontEnd: FrontEnd, isPlain: Bool = false) throws {
        self.frontEnd = frontEnd
        general = Self.isFast(frontEnd) ? nil : WideFrame(frontEnd)
        history = frontEnd.framing == .centredReflect ? frontEnd.trail + 1 : 0
        kernels = isPlain ? cm_plain_kernels() : cm_best_kernels()
        fourier = FourierPlan(size: frontEnd.fft)
        wide = WideFourierPlan(size: frontEnd.fft)
        window = frontEnd.windowShape.values(frontEnd.window).map { Float($0) }
        var weights: [Float] = []
        var bands: [cm_band] = []
        let lanes = Int(CM_LANES)
        for band in MelBank(frontEnd).bands {
            let steps = (band.weights.count + lanes - 1) / lanes
            bands.append(cm_band(bin: band.firstBin, weight: weights.count, steps: steps))
            weights += band.weights + [Float](repeating: 0, count: steps * lanes - band.weights.count)
        }
        self.weights = weights
        self.bands = bands
        magnitude = .allocate(capacity: frontEnd.fft / 2 + 16)
        magnitude.initialize(repeating: 0, count: frontEnd.fft / 2 + 16)
        frames = .allocate(capacity: Self.group * frontEnd.bands)
        held.reserveCapacity(frontEnd.window + 65_536)
        reset()
    }

    deinit {
        magnitude.deallocate()
        frames.deallocate()
    }

    /// Whether the kernels support a front-end: they compute magnitudes, the natural logarithm of a sum with an offset,
    /// and frames without preprocessing.
    static func isFast(_ frontEnd: FrontEnd) -> Bool {
        frontEnd.framing == .left && !frontEnd.removesMean && frontEnd.preEmphasis == 0
            && frontEnd.spectrum == .magnitude && frontEnd.logarithm == .natural && frontEnd.offset >= 1e-6
            && frontEnd.floor == 0 && frontEnd.range == 0 && frontEnd.mean == 0 && frontEnd.deviation == 1
            && frontEnd.fft % (2 * Int(CM_LANES)) == 0
    }

    /// Resets the instance for another clip.
    package func reset() {
        held.removeAll(keepingCapacity: true)
        next = 0
        hasLead = frontEnd.framing == .left
        previous = nil
    }

    /// Adds samples and emits the frames that are complete.
    ///
    /// - Parameter emit: receives (frames, bands), row-major, and the number of frames.
    /// - Throws: the error that `emit` throws.
    package func process(
        _ samples: UnsafeBufferPointer<Float>, emit: (UnsafeBufferPointer<Float>, Int) throws -> Void
    ) throws {
        if frontEnd.preEmphasis != 0, frontEnd.preEmphasisScope == .wave {
            emphasize(samples)
        } else {
            held.append(contentsOf: samples)
        }
        // A mirror image needs the samples that it mirrors.
        if !hasLead, held.count > frontEnd.lead { putLead() }
        if hasLead { try emitWhole(emit) }
    }

    /// Ends the clip: emits the frames whose windows reach beyond its end. Call `reset()` before another clip.
    ///
    /// - Throws: the error that `emit` throws.
    package func finish(emit: (UnsafeBufferPointer<Float>, Int) throws -> Void) throws {
        guard frontEnd.framing != .left, !held.isEmpty else { return }
        if !hasLead {
            let samples = held
            putLead()
            putTrail { samples[Self.mirrored(samples.count + $0, in: samples.count)] }
        } else {
            let end = held.count
            putTrail { held[end - 2 - $0] }
        }
        try emitWhole(emit)
    }

    /// Inserts the samples that precede the clip.
    private func putLead() {
        hasLead = true
        let isMirror = frontEnd.framing == .centredReflect
        let count = held.count
        held.insert(
            contentsOf: (0..<frontEnd.lead).map { isMirror ? held[Self.mirrored($0 - frontEnd.lead, in: count)] : 0 },
            at: 0)
    }

    /// Appends the samples that follow the clip.
    ///
    /// - Parameter mirror: returns the mirrored sample for a place after the clip's end, counted from 0.
    private func putTrail(_ mirror: (Int) -> Float) {
        let isMirror = frontEnd.framing == .centredReflect
        held += (0..<frontEnd.trail).map { isMirror ? mirror($0) : 0 }
    }

    /// Returns the place in a clip of `count` samples that a place outside it mirrors; a short clip is mirrored back
    /// and forth.
    private static func mirrored(_ place: Int, in count: Int) -> Int {
        if count == 1 { return 0 }
        let period = 2 * (count - 1)
        let within = ((place % period) + period) % period
        return min(within, period - within)
    }

    private func emphasize(_ samples: UnsafeBufferPointer<Float>) {
        for sample in samples {
            if let previous { held.append(Float(Double(sample) - frontEnd.preEmphasis * Double(previous))) }
            previous = sample
        }
    }

    private func emitWhole(_ emit: (UnsafeBufferPointer<Float>, Int) throws -> Void) throws {
        try held.withUnsafeBufferPointer { held in
            guard let base = held.baseAddress else { return }
            var filled = 0
            while next + frontEnd.window <= held.count {
                frame(base + next, to: frames.baseAddress! + filled * frontEnd.bands)
                next += frontEnd.hop
                filled += 1
                if filled == Self.group {
                    try emit(UnsafeBufferPointer(frames), filled)
                    filled = 0
                }
            }
            if filled > 0 { try emit(UnsafeBufferPointer(rebasing: frames[..<(filled * frontEnd.bands)]), filled) }
        }
        let spent = max(0, min(next, held.count - history))
        held.removeSubrange(..<spent)
        next -= spent
    }

    private func frame(_ samples: UnsafePointer<Float>, to row: UnsafeMutablePointer<Float>) {
        if let general { return general.compute(samples, to: row) }
        let kernels = kernels.pointee
        kernels.window(samples, window, frontEnd.window, fourier.input)
        fourier.execute()
        // The bin at half the rate lies at or above every band's upper edge, so it is left out.
        let peak = kernels.magnitudes(fourier.output, frontEnd.fft / 2, magnitude)
        let least = kernels.bands(magnitude, weights, bands, bands.count, row)
        if peak * Self.rounding > (least + Float(frontEnd.offset)) * Self.tolerance {
            for index in 0..<frontEnd.window { wide.input[index] = Double(samples[index]) * Double(window[index]) }
            wide.execute()
            for bin in 0..<frontEnd.fft / 2 {
                let (real, imaginary) = (wide.output[2 * bin], wide.output[2 * bin + 1])
                magnitude[bin] = Float((real * real + imaginary * imaginary).squareRoot())
            }
            _ = kernels.bands(magnitude, weights, bands, bands.count, row)
        }
        kernels.logarithms(row, bands.count, Float(frontEnd.offset))
    }
}
