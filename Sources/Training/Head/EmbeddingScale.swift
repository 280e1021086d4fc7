/// Maps parameters for standardised embeddings, (x - mean) / deviation, to those for embeddings as they are.
///
/// Training sees standardised values, so that one L2 penalty and one learning rate suit every dimension of every model; the
/// head that is written takes the embeddings as they are cached.
package struct EmbeddingScale: Sendable {
    /// Of each dimension.
    package let means: [Double]
    /// 1 / deviation of each dimension; 0 for one that does not vary.
    package let factors: [Double]

    /// Deviations are taken to be at least this share of their root mean square: dimensions that vary little are mostly noise,
    /// and are not raised to the level of the others.
    private static let least = 1.0

    /// Measures the embeddings of some clips, each clip with the same weight.
    package init(_ set: EmbeddingSet, clips: [Int]) {
        let size = set.size
        var sums = [Double](repeating: 0, count: size)
        var squares = sums
        // Relative to the first row, so that the variance is not the difference of two large numbers.
        let origin = set.row(set.clips[clips[0]].rows.lowerBound)
        for clip in clips {
            let rows = set.clips[clip].rows
            let share = 1 / Double(rows.count)
            for row in rows {
                let values = set.row(row)
                for place in 0..<size {
                    let value = Double(values[place]) - Double(origin[place])
                    sums[place] += share * value
                    squares[place] += share * value * value
                }
            }
        }
        let count = Double(clips.count)
        let variances = (0..<size).map { max(0, squares[$0] / count - sums[$0] / count * sums[$0] / count) }
        let typical = (variances.reduce(0, +) / Double(max(1, size))).squareRoot()
        means = (0..<size).map { Double(origin[$0]) + sums[$0] / count }
        factors = variances.map { $0 > 0 ? 1 / max($0.squareRoot(), Self.least * typical) : 0 }
    }

    /// Parameters for embeddings as they are: w / deviation, and b - sum mean w / deviation.
    func raw(_ standard: [Double], _ layout: HeadLayout) -> [Float] {
        var raw = standard
        let width = layout.firstOutputs
        for input in 0..<layout.inputs {
            for column in 0..<width {
                let weight = standard[input * width + column] * factors[input]
                raw[input * width + column] = weight
                raw[layout.firstBiases.lowerBound + column] -= means[input] * weight
            }
        }
        return raw.map { Float($0) }
    }

    /// Replaces the gradient of the parameters for embeddings as they are by that of those for standardised ones.
    func standardize(_ gradient: UnsafeMutableBufferPointer<Double>, _ layout: HeadLayout) {
        let width = layout.firstOutputs
        for input in 0..<layout.inputs {
            for column in 0..<width {
                let bias = gradient[layout.firstBiases.lowerBound + column]
                gradient[input * width + column] =
                    factors[input] * (gradient[input * width + column] - means[input] * bias)
            }
        }
    }
}
