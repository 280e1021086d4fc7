import Features
import Foundation

/// What is done to a training chunk after it is read: gain, then mixup. Drawn by seed, epoch and place in the epoch alone.
package struct Augmentation: Sendable {
    /// Largest gain, dB up or down.
    let gain: Float
    /// Alpha of mixup (Zhang et al., arXiv 1710.09412).
    let mixup: Float
    let seed: UInt64

    /// Chunks as they are.
    package static let nothing = Augmentation(gain: 0, mixup: 0, seed: 0)

    /// The factor of a chunk's samples.
    func gainFactor(epoch: Int, place: Int) -> Float {
        guard gain > 0 else { return 1 }
        var random = SeededRandom(seed: seed, 3, UInt64(epoch), UInt64(place))
        return Float(pow(10, Double(random.uniform(within: gain)) / 20))
    }

    /// The partner's place in the epoch and the share that stays the chunk's own; nil without mixup.
    func partner(epoch: Int, place: Int, of count: Int) -> (place: Int, share: Float)? {
        guard mixup > 0 else { return nil }
        var random = SeededRandom(seed: seed, 4, UInt64(epoch), UInt64(place))
        return (random.below(count), Float(random.beta(Double(mixup))))
    }

    /// Applies a gain to the samples and, exactly, to the log-mel frames before they are normalised: each is ln(magnitude + 0.001).
    static func apply(factor: Float, mel: UnsafeMutableBufferPointer<Float>?, wave: UnsafeMutableBufferPointer<Float>?)
    {
        guard factor != 1 else { return }
        if let mel {
            let offset = Float(FrontEnd.standard.offset)
            for index in mel.indices { mel[index] = log(max(0, exp(mel[index]) - offset) * factor + offset) }
        }
        if let wave { for index in wave.indices { wave[index] *= factor } }
    }

    /// Blends a chunk with its partner, value by value.
    static func blend(
        _ own: UnsafeMutableBufferPointer<Float>, _ other: UnsafeMutableBufferPointer<Float>, share: Float
    ) {
        for index in own.indices { own[index] = own[index] * share + other[index] * (1 - share) }
    }
}
