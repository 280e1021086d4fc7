/// The mean that is subtracted from a patch before a network sees it. Applied to a copy of the stored frames, never
/// stored.
package enum Normalization: String, Sendable, CaseIterable {
    case none
    /// The mean of the patch over all frames and bands.
    case chunkMean = "chunk-mean"
    /// Each band's mean over the frames.
    case bandMean = "band-mean"

    /// Subtracts the mean. Sums are computed in double precision, in a fixed order.
    ///
    /// - Parameters:
    ///   - patch: (frames, bands), row-major, changed in place.
    package func apply(to patch: UnsafeMutableBufferPointer<Float>, bands: Int) {
        switch self {
        case .none: return
        case .chunkMean:
            var sums = SIMD8<Double>.zero
            var index = 0
            let base = UnsafeRawPointer(patch.baseAddress!)
            while index + 8 <= patch.count {
                sums += SIMD8<Double>(base.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self))
                index += 8
            }
            var sum = sums.sum()
            while index < patch.count {
                sum += Double(patch[index])
                index += 1
            }
            let mean = Float(sum / Double(patch.count))
            for index in patch.indices { patch[index] -= mean }
        case .bandMean:
            let frames = patch.count / bands
            for band in 0..<bands {
                var sum = 0.0
                for frame in 0..<frames { sum += Double(patch[frame * bands + band]) }
                let mean = Float(sum / Double(frames))
                for frame in 0..<frames { patch[frame * bands + band] -= mean }
            }
        }
    }
}
