import Foundation

/// SpecAugment's masks (Park et al., arXiv 1904.08779): one run of bands and one run of frames of a patch lose their
/// content.
///
/// The widest masks are the shares that PSLA uses (Gong et al., arXiv 2102.01243): 48 of 128 bands and 192 of 1056 frames,
/// here 24 of 64 and 17 of 96. Each width is uniform from 0 to the widest, each place uniform where the mask fits.
package enum SpectralMasks {
    /// The widest mask over bands, as a share of all bands.
    private static let ofBands = 48.0 / 128
    /// The widest mask over frames, as a share of all frames.
    private static let ofFrames = 192.0 / 1056

    /// Sets the masked bands and frames to the patch's mean, which is 0 after `chunk-mean`.
    ///
    /// - Parameters:
    ///   - patch: (frames, bands), normalised.
    ///   - random: the stream of this chunk alone.
    package static func apply(
        to patch: UnsafeMutableBufferPointer<Float>, bands: Int, _ random: inout SeededRandom
    ) {
        let frames = patch.count / bands
        let masked = (
            bands: draw(of: bands, share: ofBands, &random), frames: draw(of: frames, share: ofFrames, &random)
        )
        let mean = Float(patch.reduce(0.0) { $0 + Double($1) } / Double(max(1, patch.count)))
        for frame in 0..<frames {
            let isMasked = masked.frames.contains(frame)
            for band in isMasked ? 0..<bands : masked.bands { patch[frame * bands + band] = mean }
        }
    }

    private static func draw(of count: Int, share: Double, _ random: inout SeededRandom) -> Range<Int> {
        let widest = Int((Double(count) * share).rounded())
        let width = random.below(widest + 1)
        let start = random.below(count - width + 1)
        return start..<start + width
    }
}
