import CKernels
import Foundation

/// Turns a stream of samples into log-mel frames, each computed once.
///
/// One instance per worker. Frames do not depend on how the stream was cut into pieces. ln(mel magnitude + offset) over
/// left-aligned frames, as in YAMNet and VGGish, has a path in single precision; everything else is done in double.
package final class LogMel {
    /// Frames handed on at a time.
    private static let group = 32

    private let frontEnd: FrontEnd
    /// Single precision loses about 2e-7 of a frame's loudest bin in every other. Where that could move a band by
    /// more than 5e-4 in the logarithm, the frame is done again in double precision.
    private static let rounding: Float = 2e-7
    private static let tolerance: Float = 5e-4

    /// Where the front-end is not one of the fast path.
    private let general: WideFrame?
    private let fourier: FourierPlan
    private let wide: WideFourierPlan
    private let window: [Float]
    /// Weights of all bands end to end, each padded with zeros to whole steps.
    private let weights: [Float]
    private let bands: [cm_band]
    /// Constant data of the program, never written.
    private let kernels: UnsafePointer<cm_kernels>
    /// Magnitudes, with room behind them for the padding of the last band.
    private let magnitude: UnsafeMutablePointer<Float>
    private let frames: UnsafeMutableBufferPointer<Float>
    /// Samples from the next frame's first on, and before them those that the clip's end may be mirrored from.
    private var held: [Float] = []
    /// Where in `held` the next frame begins; behind its end where frames leave samples out.
    private var next = 0
    /// Samples that stay in `held` behind the next frame's first.
    private let history: Int
    /// Whether the samples before the clip are in `held`.
    private var hasLead = false
    /// The last sample that came, where the wave gets pre-emphasis.
    private var previous: Float?

    /// - Parameter isPlain: by the kernels that every processor runs, not the fastest that this one does. Their bits are
    ///   the same.
    /// - Throws: `FrontEnd.Misfit` where the front-end contradicts itself.
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

    /// Whether the kernels can do it: they know magnitudes, the natural logarithm of a sum with an offset, and frames as they come.
    static func isFast(_ frontEnd: FrontEnd) -> Bool {
        frontEnd.framing == .left && !frontEnd.removesMean && frontEnd.preEmphasis == 0
            && frontEnd.spectrum == .magnitude && frontEnd.logarithm == .natural && frontEnd.offset >= 1e-6
            && frontEnd.floor == 0 && frontEnd.range == 0 && frontEnd.mean == 0 && frontEnd.deviation == 1
            && frontEnd.fft % (2 * Int(CM_LANES)) == 0
    }

    /// Makes it ready for another clip.
    package func reset() {
        held.removeAll(keepingCapacity: true)
        next = 0
        hasLead = frontEnd.framing == .left
        previous = nil
    }

    /// Takes samples in and hands on the frames that are whole by now.
    ///
    /// - Parameter emit: gets (frames, bands), row-major, and the number of frames.
    /// - Throws: what `emit` throws.
    package func process(
        _ samples: UnsafeBufferPointer<Float>, emit: (UnsafeBufferPointer<Float>, Int) throws -> Void
    ) throws {
        if frontEnd.preEmphasis != 0, frontEnd.preEmphasisScope == .wave {
            emphasize(samples)
        } else {
            held.append(contentsOf: samples)
        }
        // A mirror image needs the samples that it is of.
        if !hasLead, held.count > frontEnd.lead { putLead() }
        if hasLead { try emitWhole(emit) }
    }

    /// The clip is over: hands on the frames whose windows reach beyond its end. It must be reset before another clip.
    ///
    /// - Throws: what `emit` throws.
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

    /// Puts what lies before the clip in front of its first samples.
    private func putLead() {
        hasLead = true
        let isMirror = frontEnd.framing == .centredReflect
        let count = held.count
        held.insert(
            contentsOf: (0..<frontEnd.lead).map { isMirror ? held[Self.mirrored($0 - frontEnd.lead, in: count)] : 0 },
            at: 0)
    }

    /// - Parameter mirror: the clip's sample that lies so far before the one that stands behind its end.
    private func putTrail(_ mirror: (Int) -> Float) {
        let isMirror = frontEnd.framing == .centredReflect
        held += (0..<frontEnd.trail).map { isMirror ? mirror($0) : 0 }
    }

    /// The place in a clip of `count` samples that a place outside of it mirrors, back and forth where the clip is short.
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
        // The bin of half the rate lies above every band's upper edge and is left out, as are those behind it.
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
