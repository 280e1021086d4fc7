import Glibc
import Random

/// The random numbers of the synthetic corpus: the same seed gives the same clips.
struct SynthRandom: RandomNumberGenerator {
    private var generator: SplitMix64

    /// Creates an independent generator for every `stream` of a seed.
    init(seed: UInt64, stream: Int) {
        var first = SplitMix64(seed: seed)
        generator = SplitMix64(seed: first.next() ^ (UInt64(bitPattern: Int64(stream)) &* 0xD134_2543_DE82_EF95))
        _ = generator.next()
    }

    mutating func next() -> UInt64 { generator.next() }

    /// Returns a number uniform in `range`.
    mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
    }

    /// Returns a number from `range` (above zero) such that every octave is equally likely.
    mutating func octave(_ range: ClosedRange<Double>) -> Double {
        exp(real(log(range.lowerBound)...log(range.upperBound)))
    }

    mutating func whole(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + generator.below(range.count)
    }

    mutating func chance(_ probability: Double) -> Bool { real(0...1) < probability }

    /// Returns a sample of white noise, from -1 to 1.
    mutating func noise() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }
}
