/// Computes one frame in double precision, for any front-end.
final class WideFrame {
    private let frontEnd: FrontEnd
    private let fourier: WideFourierPlan
    private let window: [Double]
    /// The weights of all bands in sequence.
    private let weights: [Double]
    private let bands: [(firstBin: Int, weights: Range<Int>)]
    private var spectrum: [Double]

    init(_ frontEnd: FrontEnd) {
        self.frontEnd = frontEnd
        fourier = WideFourierPlan(size: frontEnd.fft)
        window = frontEnd.windowShape.values(frontEnd.window)
        var weights: [Double] = []
        var bands: [(firstBin: Int, weights: Range<Int>)] = []
        for band in MelBank(frontEnd).bands {
            bands.append((band.firstBin, weights.count..<weights.count + band.weights.count))
            weights += band.weights.map(Double.init)
        }
        self.weights = weights
        self.bands = bands
        spectrum = [Double](repeating: 0, count: frontEnd.fft / 2 + 1)
    }

    /// - Parameters:
    ///   - samples: the samples of the window.
    ///   - row: receives one value per band.
    func compute(_ samples: UnsafePointer<Float>, to row: UnsafeMutablePointer<Float>) {
        let input = fourier.input
        var mean = 0.0
        if frontEnd.removesMean {
            for index in 0..<frontEnd.window { mean += Double(samples[index]) }
            mean /= Double(frontEnd.window)
        }
        let share = frontEnd.preEmphasisScope == .frame ? frontEnd.preEmphasis : 0
        var before = Double(samples[0]) - mean
        for index in 0..<frontEnd.window {
            let value = Double(samples[index]) - mean
            input[index] = (value - share * before) * window[index]
            before = value
        }
        fourier.execute()
        let isPower = frontEnd.spectrum == .power
        spectrum.withUnsafeMutableBufferPointer { spectrum in
            for bin in spectrum.indices {
                let (real, imaginary) = (fourier.output[2 * bin], fourier.output[2 * bin + 1])
                let power = real * real + imaginary * imaginary
                spectrum[bin] = isPower ? power : power.squareRoot()
            }
        }
        spectrum.withUnsafeBufferPointer { spectrum in
            weights.withUnsafeBufferPointer { weights in
                for (index, band) in bands.enumerated() {
                    var sum = 0.0
                    var bin = band.firstBin
                    for place in band.weights {
                        sum += spectrum[bin] * weights[place]
                        bin += 1
                    }
                    row[index] = frontEnd.stored(sum)
                }
            }
        }
    }
}
