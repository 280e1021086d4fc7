import Foundation

/// Triangular mel bands over the bins of a Fourier transform, stored sparsely: each band has weights only for its own
/// bins.
///
/// The edges are evenly spaced in mel, by 1127 ln(1 + f / 700) (O'Shaughnessy, Speech Communication, 1987) or by
/// Slaney's scale (Auditory Toolbox, 1998). The triangles' sides are straight in mel or in hertz; the triangles have
/// height 1, or area 1 if requested. The bin at 0 Hz has weight 0.
package struct MelBank: Sendable {
    /// The bins of a triangle whose weights are not 0.
    package struct Band: Sendable {
        package let firstBin: Int
        package let weights: [Float]
    }

    package let bands: [Band]

    /// Creates the bank with the bands, edges, scale and norm of a front-end.
    package init(_ frontEnd: FrontEnd) {
        let scale = frontEnd.melScale
        let low = scale.mel(frontEnd.low)
        let step = (scale.mel(frontEnd.high) - low) / Double(frontEnd.bands + 1)
        let binHertz = (0...frontEnd.fft / 2).map { Double($0) * Double(frontEnd.rate) / Double(frontEnd.fft) }
        let binMel = binHertz.map(scale.mel)
        bands = (0..<frontEnd.bands).map { band in
            let left = low + step * Double(band)
            let edges = (0...2).map { scale.hertz(low + step * Double(band + $0)) }
            let height = frontEnd.bandNorm == .area ? 2 / (edges[2] - edges[0]) : 1
            let weights = binMel.indices.map { bin -> Float in
                if bin == 0 { return 0 }
                let rise: Double
                let fall: Double
                switch frontEnd.triangles {
                case .mel:
                    rise = (binMel[bin] - left) / step
                    fall = (left + 2 * step - binMel[bin]) / step
                case .hertz:
                    rise = (binHertz[bin] - edges[0]) / (edges[1] - edges[0])
                    fall = (edges[2] - binHertz[bin]) / (edges[2] - edges[1])
                }
                return Float(max(0, min(rise, fall)) * height)
            }
            let first = weights.firstIndex { $0 > 0 } ?? 0
            let last = weights.lastIndex { $0 > 0 } ?? -1
            return Band(firstBin: first, weights: first <= last ? Array(weights[first...last]) : [])
        }
    }
}

extension FrontEnd.MelScale {
    /// Slaney's scale: 15 mel per kilohertz up to 1 kHz, and 27 mel for each factor of 6.4 above.
    private static let (linear, knee, growth) = (0.015, 1000.0, log(6.4) / 27)

    /// The mel of a frequency in Hz.
    package func mel(_ hertz: Double) -> Double {
        switch self {
        case .htk: 1127 * log1p(hertz / 700)
        case .slaney:
            hertz < Self.knee
                ? hertz * Self.linear : Self.knee * Self.linear + log(hertz / Self.knee) / Self.growth
        }
    }

    /// The frequency in Hz of a mel.
    package func hertz(_ mel: Double) -> Double {
        switch self {
        case .htk: 700 * expm1(mel / 1127)
        case .slaney:
            mel < Self.knee * Self.linear
                ? mel / Self.linear : Self.knee * exp((mel - Self.knee * Self.linear) * Self.growth)
        }
    }
}
