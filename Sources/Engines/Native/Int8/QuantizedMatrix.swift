import Models

/// The right-hand matrix of a product in 8-bit integers, packed once, with its scales and bias.
package final class QuantizedMatrix: Sendable {
    package let inputs: Int
    package let outputs: Int
    /// The form of the rows that it is multiplied with.
    package let form: Int8Kernels.RowForm
    private let panels: AlignedIntegers<Int8>
    /// One value for each column of every panel, and so for `zero` and `bias`.
    private let scale: AlignedFloats
    private let zero: AlignedIntegers<Int32>
    private let bias: AlignedFloats?

    /// - Parameters:
    ///   - weights: (inputs, outputs); `inputs` is a multiple of 4 and at most 1024.
    ///   - bias: one value per output; if it is nil, products are added to the target's current values.
    ///   - form: of the rows that it is multiplied with.
    ///   - inputScale: what one unit of those rows stands for, apart from a scale of each row.
    ///   - outputScale: what one unit of the result stands for.
    package init(
        _ weights: QuantizedTensor, bias: [Float]?, form: Int8Kernels.RowForm, inputScale: Float = 1,
        outputScale: Float = 1
    ) {
        let (inputs, outputs) = (weights.integers.count / weights.scales.count, weights.scales.count)
        precondition(inputs % 4 == 0 && inputs <= 1024 && bias.map { $0.count == outputs } ?? true)
        (self.inputs, self.outputs, self.form) = (inputs, outputs, form)
        panels = AlignedIntegers(count: Int8Kernels.packedCount(inputs, outputs))
        Int8Kernels.pack(weights.integers, inputs, outputs, into: panels.pointer)
        let padding = [Float](repeating: 0, count: (Kernels.panel - outputs % Kernels.panel) % Kernels.panel)
        scale = AlignedFloats(weights.scales.map { $0 * inputScale / outputScale } + padding)
        self.bias = bias.map { AlignedFloats($0.map { $0 / outputScale } + padding) }
        zero = AlignedIntegers(count: scale.count)
        if form.zero != 0 {
            for input in 0..<inputs {
                for output in 0..<outputs {
                    zero.pointer[output] += form.zero * Int32(weights.integers[input * outputs + output])
                }
            }
        }
    }

    private var matrix: Int8Kernels.Matrix {
        Int8Kernels.Matrix(
            panels: panels.pointer, scale: scale.pointer, zero: zero.pointer,
            bias: bias.map { UnsafePointer($0.pointer) }, inputs: inputs, outputs: outputs)
    }

    /// output (rows, outputs) = input (rows, inputs) x weights + bias in units of the output's scale, rounded and
    /// limited to 0 to 127. `outputs` is a multiple of 32, and the form is `bytes` or `pair`.
    package func multiply(
        _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, rows: Int, _ kernels: Int8Kernels
    ) {
        precondition(form.zero == 0 && bias != nil && outputs % Kernels.panel == 0)
        kernels.multiply(input, form: form, matrix, output, rows: rows)
    }

    /// output (rows, outputs) = act(bias + input (rows, inputs) x weights); without a bias, the product is added to the
    /// current values of `output`.
    ///
    /// - Parameters:
    ///   - input: contiguous rows of the matrix's form.
    ///   - scales: one for each row; nil stands for 1.
    ///   - outputStride: distance between the output's rows in floats, by default contiguous.
    package func multiply(
        _ input: UnsafePointer<UInt8>, scales: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>,
        outputStride: Int? = nil, rows: Int, _ activation: Kernels.Activation, _ kernels: Int8Kernels
    ) {
        kernels.multiply(
            input, form: form, scales: scales, matrix, output, rowsOfC: outputStride ?? outputs, rows: rows, activation)
    }
}
