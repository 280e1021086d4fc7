import CMel
import Foundation

/// Turns a stream of samples into log-mel frames: ln(mel magnitude + offset), each frame computed once.
///
/// One instance a worker. Frames do not hang on how the stream was cut into pieces.
package final class LogMel {
    /// Frames handed on at a time.
    private static let group = 32

    private let frontEnd: FrontEnd
    /// Single precision loses about 2e-7 of a frame's loudest bin in every other. Where that could move a band by
    /// more than 5e-4 in the logarithm, the frame is done again in double precision.
    private static let rounding: Float = 2e-7
    private static let tolerance: Float = 5e-4

    private let fourier: FourierPlan
    private let wide: WideFourierPlan
    private let hann: [Float]
    /// Weights of all bands end to end, each padded with zeros to whole steps.
    private let weights: [Float]
    private let bands: [cm_band]
    /// Constant data of the program, never written.
    private let kernels: UnsafePointer<cm_kernels>
    /// Magnitudes, with room behind them for the padding of the last band.
    private let magnitude: UnsafeMutablePointer<Float>
    private let frames: UnsafeMutableBufferPointer<Float>
    /// Samples that the next frame begins with.
    private var held: [Float] = []

    /// - Parameter isPlain: by the kernels that every processor runs, not the fastest that this one does. Their bits are
    ///   the same.
    package init(frontEnd: FrontEnd, isPlain: Bool = false) throws {
        self.frontEnd = frontEnd
        kernels = isPlain ? cm_plain_kernels() : cm_best_kernels()
        fourier = FourierPlan(size: frontEnd.fft)
        wide = WideFourierPlan(size: frontEnd.fft)
        hann = Self.hann(frontEnd.window)
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
    }

    deinit {
        magnitude.deallocate()
        frames.deallocate()
    }

    /// Periodic Hann window.
    package static func hann(_ size: Int) -> [Float] {
        (0..<size).map { Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(size))) }
    }

    /// Makes it ready for another clip.
    package func reset() { held.removeAll(keepingCapacity: true) }

    /// Takes samples in and hands frames on.
    ///
    /// - Parameter emit: gets (frames, bands), row-major, and the number of frames.
    package func process(
        _ samples: UnsafeBufferPointer<Float>, emit: (UnsafeBufferPointer<Float>, Int) throws -> Void
    ) throws {
        held.append(contentsOf: samples)
        var start = 0
        try held.withUnsafeBufferPointer { held in
            guard let base = held.baseAddress else { return }
            var filled = 0
            while start + frontEnd.window <= held.count {
                frame(base + start, to: frames.baseAddress! + filled * frontEnd.bands)
                start += frontEnd.hop
                filled += 1
                if filled == Self.group {
                    try emit(UnsafeBufferPointer(frames), filled)
                    filled = 0
                }
            }
            if filled > 0 { try emit(UnsafeBufferPointer(rebasing: frames[..<(filled * frontEnd.bands)]), filled) }
        }
        held.removeSubrange(..<min(start, held.count))
    }

    private func frame(_ samples: UnsafePointer<Float>, to row: UnsafeMutablePointer<Float>) {
        let kernels = kernels.pointee
        kernels.window(samples, hann, frontEnd.window, fourier.input)
        fourier.execute()
        // The bin of half the rate lies above every band's upper edge and is left out, as are those behind it.
        let peak = kernels.magnitudes(fourier.output, frontEnd.fft / 2, magnitude)
        let least = kernels.bands(magnitude, weights, bands, bands.count, row)
        if peak * Self.rounding > (least + Float(frontEnd.offset)) * Self.tolerance {
            for index in 0..<frontEnd.window { wide.input[index] = Double(samples[index]) * Double(hann[index]) }
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
