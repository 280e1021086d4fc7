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

    /// Band sums, not yet logarithms. Four bands at a time, so that adding up their lanes is itself done by lanes, in the
    /// order of `SIMD8.sum`, lane after lane: that one band by one cost as much as the products.
    ///
    /// - Returns: the smallest.
    private func mel(_ row: UnsafeMutablePointer<Float>) -> Float {
        var least = SIMD4<Float>(repeating: .infinity)
        let out = UnsafeMutableRawPointer(row)
        weights.withUnsafeBytes { weights in
            guard let weights = weights.baseAddress else { return }
            bands.withUnsafeBufferPointer { bands in
                var index = 0
                while index + 4 <= bands.count {
                    let (first, second) = (lanes(bands[index], weights), lanes(bands[index + 1], weights))
                    let (third, fourth) = (lanes(bands[index + 2], weights), lanes(bands[index + 3], weights))
                    let low = transposed(first.lowHalf, second.lowHalf, third.lowHalf, fourth.lowHalf)
                    let high = transposed(first.highHalf, second.highHalf, third.highHalf, fourth.highHalf)
                    let sum = low.0 + low.1 + low.2 + low.3 + high.0 + high.1 + high.2 + high.3
                    out.storeBytes(of: sum, toByteOffset: index * 4, as: SIMD4<Float>.self)
                    least.replace(with: sum, where: sum .< least)
                    index += 4
                }
                while index < bands.count {
                    row[index] = lanes(bands[index], weights).sum()
                    least[0] = min(least[0], row[index])
                    index += 1
                }
            }
        }
        return least.min()
    }

    /// A band's products, added up in eight lanes.
    @inline(__always)
    private func lanes(_ band: (first: Int, start: Int, steps: Int), _ weights: UnsafeRawPointer) -> SIMD8<Float> {
        let source = UnsafeRawPointer(magnitude + band.first)
        let factors = weights + band.start * 4
        var sum = SIMD8<Float>.zero
        for step in 0..<band.steps {
            sum +=
                source.loadUnaligned(fromByteOffset: step * 32, as: SIMD8<Float>.self)
                * factors.loadUnaligned(fromByteOffset: step * 32, as: SIMD8<Float>.self)
        }
        return sum
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

/// The columns of four rows.
@inline(__always)
private func transposed(
    _ first: SIMD4<Float>, _ second: SIMD4<Float>, _ third: SIMD4<Float>, _ fourth: SIMD4<Float>
) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let (upper, lower) = (SIMD8(lowHalf: first, highHalf: second), SIMD8(lowHalf: third, highHalf: fourth))
    let even = SIMD8(lowHalf: upper.evenHalf, highHalf: lower.evenHalf)
    let odd = SIMD8(lowHalf: upper.oddHalf, highHalf: lower.oddHalf)
    return (even.evenHalf, odd.evenHalf, even.oddHalf, odd.oddHalf)
}
