import Foundation
import Random

/// Waves made by formula.
enum Sound {
    static func sine(_ hertz: Double, rate: Int, count: Int, amplitude: Double = 0.5) -> [Float] {
        (0..<count).map { Float(amplitude * sin(2 * .pi * hertz * Double($0) / Double(rate))) }
    }

    /// White, in [-0.5, 0.5).
    static func noise(seed: UInt64, count: Int) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(random.next() >> 40) * 0x1p-24 - 0.5 }
    }

    /// Any 16-bit value, both ends of the scale first.
    static func shorts(seed: UInt64, count: Int) -> [Int16] {
        var random = SplitMix64(seed: seed)
        return ([.min, .max, 0, -1, 1] + (0..<max(0, count - 5)).map { _ in Int16(truncatingIfNeeded: random.next()) })
            .prefix(count).map { $0 }
    }

    /// Largest magnitude of a sine of this frequency in the samples, by correlation.
    static func amplitude(_ samples: ArraySlice<Float>, hertz: Double, rate: Int) -> Double {
        var (real, imaginary, weight) = (0.0, 0.0, 0.0)
        for (place, sample) in samples.enumerated() {
            // Hann-weighted: the ends of the slice fall on no whole period.
            let hann = 0.5 - 0.5 * cos(2 * .pi * (Double(place) + 0.5) / Double(samples.count))
            let angle = 2 * Double.pi * hertz * Double(place) / Double(rate)
            real += hann * Double(sample) * cos(angle)
            imaginary += hann * Double(sample) * sin(angle)
            weight += hann
        }
        return 2 * (real * real + imaginary * imaginary).squareRoot() / weight
    }
}
