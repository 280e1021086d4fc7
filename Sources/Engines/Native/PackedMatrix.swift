/// The right-hand matrix of a product, packed once, with the bias at which the sums start.
package final class PackedMatrix: Sendable {
    package let inputs: Int
    package let outputs: Int
    private let panels: AlignedFloats
    /// One value for each column of every panel.
    private let bias: AlignedFloats?

    /// - Parameters:
    ///   - weights: (inputs, outputs), row-major.
    ///   - bias: one value per output; if it is nil, products are added to the target's current values.
    package init(_ weights: [Float], inputs: Int, outputs: Int, bias: [Float]?) {
        precondition(weights.count == inputs * outputs && bias.map { $0.count == outputs } ?? true)
        self.inputs = inputs
        self.outputs = outputs
        let panels = AlignedFloats(count: Kernels.packedCount(inputs, outputs))
        self.panels = panels
        weights.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { Kernels.pack(base, inputs, outputs, into: panels.pointer) }
        }
        self.bias = bias.map { values in
            let missing = (Kernels.panel - outputs % Kernels.panel) % Kernels.panel
            return AlignedFloats(values + [Float](repeating: 0, count: missing))
        }
    }

    /// output (rows, outputs) = act(bias + input (rows, inputs) x weights); without a bias, the sums start at the
    /// current values of `output`.
    ///
    /// Rows are `inputStride` and `outputStride` floats apart, by default contiguous.
    package func multiply(
        _ input: UnsafePointer<Float>, inputStride: Int? = nil, _ output: UnsafeMutablePointer<Float>,
        outputStride: Int? = nil, rows: Int, _ activation: Kernels.Activation, _ kernels: Kernels
    ) {
        kernels.matmul(
            input, rowsOfA: inputStride ?? inputs, panels: panels.pointer, bias: bias.map { UnsafePointer($0.pointer) },
            output, rowsOfC: outputStride ?? outputs, m: rows, k: inputs, n: outputs, activation)
    }
}
