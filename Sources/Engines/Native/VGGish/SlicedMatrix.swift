/// The right-hand matrix of a product with a long inner dimension, packed in slices of it, so that a slice of a panel stays
/// in cache while it is multiplied with many rows.
///
/// Sums run through the slices in order, so the results are those of one product, bit for bit.
package final class SlicedMatrix: Sendable {
    package let inputs: Int
    package let outputs: Int
    private let slice: Int
    private let parts: [PackedMatrix]

    /// - Parameters:
    ///   - weights: (inputs, outputs), row-major.
    ///   - bias: one value per output.
    ///   - slice: number of inputs in a slice; the last may have fewer.
    package init(_ weights: [Float], inputs: Int, outputs: Int, bias: [Float], slice: Int) {
        precondition(weights.count == inputs * outputs && slice > 0)
        self.inputs = inputs
        self.outputs = outputs
        self.slice = slice
        parts = stride(from: 0, to: inputs, by: slice).map { first in
            let count = min(slice, inputs - first)
            return PackedMatrix(
                Array(weights[first * outputs..<(first + count) * outputs]), inputs: count, outputs: outputs,
                bias: first == 0 ? bias : nil)
        }
    }

    /// output (rows, outputs) = act(bias + input (rows, inputs) x weights).
    ///
    /// - Parameters:
    ///   - inputStride: distance between rows of the input in floats.
    ///   - sliceStride: distance between a row's slices in floats; nil if they follow one another.
    ///   - outputStride: distance between rows of the output in floats; nil if they follow one another.
    package func multiply(
        _ input: UnsafePointer<Float>, inputStride: Int, sliceStride: Int? = nil,
        _ output: UnsafeMutablePointer<Float>, outputStride: Int? = nil, rows: Int, _ activation: Kernels.Activation,
        _ kernels: Kernels
    ) {
        for (index, part) in parts.enumerated() {
            part.multiply(
                input + index * (sliceStride ?? slice), inputStride: inputStride, output, outputStride: outputStride,
                rows: rows, index == parts.count - 1 ? activation : .none, kernels)
        }
    }
}
