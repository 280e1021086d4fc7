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
    /// Weights of all bands end to end, each padded with zeros to a multiple of 8.
    private let weights: [Float]
    private let bands: [(first: Int, start: Int, steps: Int)]
    /// Magnitudes, with room behind them for the padding of the last band.
    private let magnitude: UnsafeMutablePointer<Float>
    private let frames: UnsafeMutableBufferPointer<Float>
    /// Samples that the next frame begins with.
    private var held: [Float] = []

    package init(frontEnd: FrontEnd) throws {
        self.frontEnd = frontEnd
        fourier = FourierPlan(size: frontEnd.fft)
        wide = WideFourierPlan(size: frontEnd.fft)
        hann = Self.hann(frontEnd.window)
        var weights: [Float] = []
        var bands: [(first: Int, start: Int, steps: Int)] = []
        for band in MelBank(frontEnd).bands {
            let steps = (band.weights.count + 7) / 8
            bands.append((band.firstBin, weights.count, steps))
            weights += band.weights + [Float](repeating: 0, count: steps * 8 - band.weights.count)
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
        let input = UnsafeMutableRawPointer(fourier.input)
        let window = frontEnd.window
        hann.withUnsafeBytes { hann in
            guard let hann = hann.baseAddress else { return }
            let source = UnsafeRawPointer(samples)
            var index = 0
            while index + 8 <= window {
                let product =
                    source.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
                    * hann.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
                input.storeBytes(of: product, toByteOffset: index * 4, as: SIMD8<Float>.self)
                index += 8
            }
            while index < window {
                fourier.input[index] = samples[index] * hann.load(fromByteOffset: index * 4, as: Float.self)
                index += 1
            }
        }
        fourier.execute()
        let peak = magnitudes()
        let least = mel(row)
        if peak * Self.rounding > (least + Float(frontEnd.offset)) * Self.tolerance {
            for index in 0..<window { wide.input[index] = Double(samples[index]) * Double(hann[index]) }
            wide.execute()
            for bin in 0..<frontEnd.fft / 2 {
                let (real, imaginary) = (wide.output[2 * bin], wide.output[2 * bin + 1])
                magnitude[bin] = Float((real * real + imaginary * imaginary).squareRoot())
            }
            _ = mel(row)
        }
        logarithms(row)
    }

    /// - Returns: the largest.
    private func magnitudes() -> Float {
        var peak = SIMD8<Float>.zero
        let bins = frontEnd.fft / 2
        let source = UnsafeRawPointer(fourier.output)
        let target = UnsafeMutableRawPointer(magnitude)
        var bin = 0
        while bin < bins {
            let pairs = source.loadUnaligned(fromByteOffset: bin * 8, as: SIMD16<Float>.self)
            let squares = pairs * pairs
            let values = (squares.evenHalf + squares.oddHalf).squareRoot()
            target.storeBytes(of: values, toByteOffset: bin * 4, as: SIMD8<Float>.self)
            peak.replace(with: values, where: values .> peak)
            bin += 8
        }
        // The bin of half the rate lies above every band's upper edge and is left out, as are those behind it.
        return peak.max()
    }

    /// Band sums, not yet logarithms.
    ///
    /// - Returns: the smallest.
    private func mel(_ row: UnsafeMutablePointer<Float>) -> Float {
        var least = Float.infinity
        let source = UnsafeRawPointer(magnitude)
        weights.withUnsafeBytes { weights in
            guard let weights = weights.baseAddress else { return }
            for (index, band) in bands.enumerated() {
                var sum = SIMD8<Float>.zero
                for step in 0..<band.steps {
                    sum +=
                        source.loadUnaligned(fromByteOffset: (band.first + step * 8) * 4, as: SIMD8<Float>.self)
                        * weights.loadUnaligned(fromByteOffset: (band.start + step * 8) * 4, as: SIMD8<Float>.self)
                }
                row[index] = sum.sum()
                least = min(least, row[index])
            }
        }
        return least
    }

    private func logarithms(_ row: UnsafeMutablePointer<Float>) {
        let offset = SIMD8(repeating: Float(frontEnd.offset))
        let out = UnsafeMutableRawPointer(row)
        var index = 0
        while index + 8 <= frontEnd.bands {
            let values = out.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self) + offset
            out.storeBytes(of: fastLog(values), toByteOffset: index * 4, as: SIMD8<Float>.self)
            index += 8
        }
        while index < frontEnd.bands {
            row[index] = log(row[index] + Float(frontEnd.offset))
            index += 1
        }
    }
}
