import Foundation
import Random

/// A seeded generator with the random draws that training needs: the same numbers on every machine.
package struct SeededRandom: RandomNumberGenerator, Sendable, Equatable {
    private var generator: SplitMix64

    /// Creates one of the independent streams of a seed: there is one for each purpose, epoch and chunk.
    package init(seed: UInt64, _ path: UInt64...) {
        var state = seed
        for part in path { state = SplitMix64.mixed(state &+ SplitMix64.step &* (part &+ 1)) }
        generator = SplitMix64(seed: state)
    }

    package mutating func next() -> UInt64 { generator.next() }

    /// Returns a number uniform in [0, 1).
    package mutating func uniform() -> Double { generator.uniform() }

    /// Returns a number uniform in [-bound, bound).
    package mutating func uniform(within bound: Float) -> Float { Float(2 * uniform() - 1) * bound }

    /// Returns an integer from 0 to below `bound`.
    package mutating func below(_ bound: Int) -> Int {
        generator.below(bound)
    }

    /// Returns a number distributed as Beta(alpha, alpha), for alpha of at most 1 (Jöhnk, "Erzeugung von betaverteilten
    /// und gammaverteilten Zufallszahlen", 1964).
    package mutating func beta(_ alpha: Double) -> Double {
        for _ in 0..<1000 {
            let x = pow(uniform(), 1 / alpha)
            let y = pow(uniform(), 1 / alpha)
            if x + y > 0, x + y <= 1 { return x / (x + y) }
        }
        return 0.5
    }
}
