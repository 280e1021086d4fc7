import Glibc

/// The made-up corpus's source of chance: the same seed gives the same clips.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct SynthRandom: RandomNumberGenerator {
    private var state: UInt64

    /// A stream of its own for every `stream` of a seed.
    init(seed: UInt64, stream: Int) {
        state = seed
        let mixed = next()
        state = mixed ^ (UInt64(bitPattern: Int64(stream)) &* 0xD134_2543_DE82_EF95)
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Evenly from `range`.
    mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * (Double(next() >> 11) * 0x1p-53)
    }

    /// From `range` (above zero) so that every octave is as likely.
    mutating func octave(_ range: ClosedRange<Double>) -> Double {
        exp(real(log(range.lowerBound)...log(range.upperBound)))
    }

    mutating func whole(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
    }

    mutating func chance(_ probability: Double) -> Bool { real(0...1) < probability }

    /// White noise, -1 to 1.
    mutating func noise() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }
}
