import Models

extension WaveScale {
    /// Returns the factor for the samples of a chunk.
    ///
    /// The squares are summed in double precision in eight partial sums, whose order is the same on every machine.
    ///
    /// - Parameter count: a multiple of 8.
    func factor(_ samples: UnsafePointer<Float>, count: Int) -> Float {
        guard self == .rms else { return 1 }
        var sums = SIMD8<Double>(repeating: 0)
        for start in stride(from: 0, to: count, by: 8) {
            var values = SIMD8<Double>()
            for lane in 0..<8 { values[lane] = Double(samples[start + lane]) }
            sums += values * values
        }
        return Float(1 / max(Self.floor, (sums.sum() / Double(count)).squareRoot()))
    }

    /// Copies the 40 windows of a chunk (16000), scaled, to places that are `stride` floats apart.
    func copyWindows(of chunk: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, stride: Int) {
        let window = LEANShape.window
        let factor = factor(chunk, count: LEANShape.samples)
        for step in 0..<LEANShape.steps {
            let (from, to) = (chunk + step * window, target + step * stride)
            if factor == 1 {
                to.update(from: from, count: window)
            } else {
                for index in 0..<window { to[index] = from[index] * factor }
            }
        }
    }
}
