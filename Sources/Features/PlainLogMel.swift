import Foundation

/// Log-mel frames of a whole clip by the definition, in double precision: slow, and the reference for the other
/// implementations.
package enum PlainLogMel {
    /// - Returns: (frames, bands), row-major, as stored: before `FrontEnd.finish`.
    package static func frames(_ samples: [Float], _ frontEnd: FrontEnd) -> [Float] {
        let bank = MelBank(frontEnd)
        // YAMNet's window is in single precision, here as in the original.
        let isRounded = LogMel.isFast(frontEnd)
        let window = frontEnd.windowShape.values(frontEnd.window).map { isRounded ? Double(Float($0)) : $0 }
        let wave = padded(emphasized(samples, frontEnd), frontEnd)
        var out: [Float] = []
        var start = 0
        while start + frontEnd.window <= wave.count {
            let frame = prepared(Array(wave[start..<start + frontEnd.window]), frontEnd)
            let spectrum = (0...frontEnd.fft / 2).map { bin -> Double in
                var real = 0.0
                var imaginary = 0.0
                for index in 0..<frontEnd.window {
                    let angle = -2 * Double.pi * Double(bin * index % frontEnd.fft) / Double(frontEnd.fft)
                    real += frame[index] * window[index] * cos(angle)
                    imaginary += frame[index] * window[index] * sin(angle)
                }
                let power = real * real + imaginary * imaginary
                return frontEnd.spectrum == .power ? power : power.squareRoot()
            }
            for band in bank.bands {
                var sum = 0.0
                for (place, weight) in band.weights.enumerated() {
                    sum += spectrum[band.firstBin + place] * Double(weight)
                }
                let value = level(max(sum + frontEnd.offset, frontEnd.floor), frontEnd)
                out.append(Float(frontEnd.range > 0 ? value : (value - frontEnd.mean) / frontEnd.deviation))
            }
            start += frontEnd.hop
        }
        return out
    }

    private static func emphasized(_ samples: [Float], _ frontEnd: FrontEnd) -> [Double] {
        let wave = samples.map(Double.init)
        guard frontEnd.preEmphasisScope == .wave, frontEnd.preEmphasis != 0 else { return wave }
        return zip(wave.dropFirst(), wave).map { Double(Float($0 - frontEnd.preEmphasis * $1)) }
    }

    private static func padded(_ wave: [Double], _ frontEnd: FrontEnd) -> [Double] {
        guard frontEnd.framing != .left, !wave.isEmpty else { return wave }
        let before = frontEnd.fft / 2 - (frontEnd.fft - frontEnd.window) / 2
        let after = frontEnd.window - before
        guard frontEnd.framing == .centredReflect else {
            return [Double](repeating: 0, count: before) + wave + [Double](repeating: 0, count: after)
        }
        return walk(wave, from: 0, direction: 1, count: before).reversed() + wave
            + walk(wave, from: wave.count - 1, direction: -1, count: after)
    }

    /// Returns the samples met on a walk from `start`, which is not included, back and forth between the ends of the
    /// signal.
    private static func walk(_ wave: [Double], from start: Int, direction: Int, count: Int) -> [Double] {
        guard wave.count > 1 else { return [Double](repeating: wave[0], count: count) }
        var (place, direction) = (start, direction)
        return (0..<count).map { _ in
            if !wave.indices.contains(place + direction) { direction = -direction }
            place += direction
            return wave[place]
        }
    }

    private static func prepared(_ samples: [Double], _ frontEnd: FrontEnd) -> [Double] {
        var frame = samples
        if frontEnd.removesMean {
            let mean = frame.reduce(0, +) / Double(frame.count)
            frame = frame.map { $0 - mean }
        }
        guard frontEnd.preEmphasisScope == .frame else { return frame }
        return zip(frame, frame.prefix(1) + frame).map { $0 - frontEnd.preEmphasis * $1 }
    }

    private static func level(_ value: Double, _ frontEnd: FrontEnd) -> Double {
        switch frontEnd.logarithm {
        case .natural: return log(value)
        case .decimal: return log(value) / log(10)
        case .decibel:
            let power = { (value: Double) in frontEnd.spectrum == .power ? value : value * value }
            return 10 * log(power(value) / power(max(frontEnd.reference, frontEnd.floor))) / log(10)
        }
    }
}
