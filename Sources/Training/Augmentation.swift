import Features
import Foundation

/// The augmentation of training chunks after reading: gain, then mixup, then masks. The random draws depend only on the seed, the
/// epoch and the chunk's place in the epoch.
package struct Augmentation: Sendable {
    /// The largest gain, in dB up or down.
    let gain: Float
    /// The alpha of mixup (Zhang et al., arXiv 1710.09412).
    let mixup: Float
    /// Whether patches are masked (`SpectralMasks`).
    var masks = false
    let seed: UInt64

    /// No augmentation.
    package static let nothing = Augmentation(gain: 0, mixup: 0, seed: 0)

    /// Mixup alone.
    package static func mixup(alpha: Float, seed: UInt64) -> Augmentation {
        Augmentation(gain: 0, mixup: alpha, seed: seed)
    }

    /// Masks bands and frames of a patch, if asked for. The samples stay whole.
    func mask(_ patch: UnsafeMutableBufferPointer<Float>, bands: Int, epoch: Int, place: Int) {
        guard masks else { return }
        var random = SeededRandom(seed: seed, 5, UInt64(epoch), UInt64(place))
        SpectralMasks.apply(to: patch, bands: bands, &random)
    }

    /// Returns the factor for a chunk's samples.
    func gainFactor(epoch: Int, place: Int) -> Float {
        guard gain > 0 else { return 1 }
        var random = SeededRandom(seed: seed, 3, UInt64(epoch), UInt64(place))
        return Float(pow(10, Double(random.uniform(within: gain)) / 20))
    }

    /// Returns the place in the epoch of the chunk to blend with, and the chunk's own share in the blend; nil without
    /// mixup.
    func partner(epoch: Int, place: Int, of count: Int) -> (place: Int, share: Float)? {
        guard mixup > 0 else { return nil }
        var random = SeededRandom(seed: seed, 4, UInt64(epoch), UInt64(place))
        return (random.below(count), Float(random.beta(Double(mixup))))
    }

    /// Applies a gain to the samples and, exactly, to the log-mel frames before they are normalised: a frame's values
    /// are ln(magnitude + 0.001).
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
