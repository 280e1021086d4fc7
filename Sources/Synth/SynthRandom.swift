import Glibc
import Random

/// The made-up corpus's source of chance: the same seed gives the same clips.
struct SynthRandom: RandomNumberGenerator {
    private var generator: SplitMix64

    /// A stream of its own for every `stream` of a seed.
    init(seed: UInt64, stream: Int) {
        var first = SplitMix64(seed: seed)
        generator = SplitMix64(seed: first.next() ^ (UInt64(bitPattern: Int64(stream)) &* 0xD134_2543_DE82_EF95))
        _ = generator.next()
    }

    mutating func next() -> UInt64 { generator.next() }

    /// Evenly from `range`.
    mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
    }

    /// From `range` (above zero) so that every octave is as likely.
    mutating func octave(_ range: ClosedRange<Double>) -> Double {
        exp(real(log(range.lowerBound)...log(range.upperBound)))
    }

    mutating func whole(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + generator.below(range.count)
    }

    mutating func chance(_ probability: Double) -> Bool { real(0...1) < probability }

    /// White noise, -1 to 1.
    mutating func noise() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }
}
