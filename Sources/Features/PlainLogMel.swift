import Foundation

/// Log-mel by the definition, in double precision: slow, and what the fast one is held against.
package enum PlainLogMel {
    /// - Returns: (frames, bands), row-major.
    package static func frames(_ samples: [Float], _ frontEnd: FrontEnd) -> [Float] {
        let bank = MelBank(frontEnd)
        let hann = LogMel.hann(frontEnd.window)
        var out: [Float] = []
        var start = 0
        while start + frontEnd.window <= samples.count {
            let magnitude = (0...frontEnd.fft / 2).map { bin -> Double in
                var real = 0.0
                var imaginary = 0.0
                for index in 0..<frontEnd.window {
                    let angle = -2 * Double.pi * Double(bin * index % frontEnd.fft) / Double(frontEnd.fft)
                    let value = Double(samples[start + index]) * Double(hann[index])
                    real += value * cos(angle)
                    imaginary += value * sin(angle)
                }
                return (real * real + imaginary * imaginary).squareRoot()
            }
            for band in bank.bands {
                var sum = 0.0
                for (place, weight) in band.weights.enumerated() {
                    sum += magnitude[band.firstBin + place] * Double(weight)
                }
                out.append(Float(log(sum + frontEnd.offset)))
            }
            start += frontEnd.hop
        }
        return out
    }
}
