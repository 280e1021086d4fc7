import Foundation

/// A seeded generator with the draws that training needs: the same numbers on every machine.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
package struct SeededRandom: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    /// Independent streams of one seed: one for each purpose, epoch and chunk.
    package init(seed: UInt64, _ path: UInt64...) {
        state = seed
        for part in path { state = Self.mixed(state &+ 0x9E37_79B9_7F4A_7C15 &* (part &+ 1)) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in [-bound, bound).
    package mutating func uniform(within bound: Float) -> Float { Float(2 * uniform() - 1) * bound }

    package mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Beta(alpha, alpha) for alpha of at most 1 (Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", 1964).
    package mutating func beta(_ alpha: Double) -> Double {
        for _ in 0..<1000 {
            let x = pow(uniform(), 1 / alpha)
            let y = pow(uniform(), 1 / alpha)
            if x + y > 0, x + y <= 1 { return x / (x + y) }
        }
        return 0.5
    }
}
