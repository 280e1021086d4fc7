import Foundation

/// Triangular mel bands over the bins of a Fourier transform, kept sparse: a band's weights over its own bins only.
///
/// Triangles are linear in mel = 1127 ln(1 + f / 700) (O'Shaughnessy, Speech Communication, 1987) and have height 1;
/// the bin of 0 Hz counts for nothing.
package struct MelBank: Sendable {
    package struct Band: Sendable {
        package let firstBin: Int
        package let weights: [Float]
    }

    package let bands: [Band]

    package init(_ frontEnd: FrontEnd) {
        let mel = { (hertz: Double) in 1127 * log1p(hertz / 700) }
        let low = mel(frontEnd.low)
        let step = (mel(frontEnd.high) - low) / Double(frontEnd.bands + 1)
        let bins = frontEnd.fft / 2 + 1
        let binMel = (0..<bins).map { mel(Double($0) * Double(frontEnd.rate) / Double(frontEnd.fft)) }
        bands = (0..<frontEnd.bands).map { band in
            let left = low + step * Double(band)
            let weights = binMel.enumerated().map { bin, place -> Float in
                let rise = (place - left) / step
                let fall = (left + 2 * step - place) / step
                return bin == 0 ? 0 : Float(max(0, min(rise, fall)))
            }
            let first = weights.firstIndex { $0 > 0 } ?? 0
            let last = weights.lastIndex { $0 > 0 } ?? -1
            return Band(firstBin: first, weights: first <= last ? Array(weights[first...last]) : [])
        }
    }
}
