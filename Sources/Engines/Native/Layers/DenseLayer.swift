import Models

/// A dense layer, y (rows, outputs) = act(x (rows, inputs) w + b), used for pointwise convolutions, the projection, an
/// LSTM's products and the classifier.
///
/// It holds its weights packed for both passes; `load` packs them again after every step. Between two calls of `load`
/// any number of threads may use it.
package final class DenseLayer: Sendable {
    package let inputs: Int
    package let outputs: Int
    private let weight: String
    private let bias: String?
    private let activation: Kernels.Activation
    private let ahead: AlignedFloats
    private let back: AlignedFloats
    private let start: AlignedFloats
    private let zeros: AlignedFloats

    /// - Parameters:
    ///   - weight: name of the weight (inputs, outputs).
    ///   - bias: name of the bias (outputs); nil for a layer that adds to the current values of its output.
    package init(
        _ layout: ParameterLayout, weight: String, bias: String?, activation: Kernels.Activation = .none
    ) {
        guard let shape = layout[weight]?.shape else { preconditionFailure("no parameter \(weight)") }
        inputs = shape[0]
        outputs = shape[1]
        self.weight = weight
        self.bias = bias
        self.activation = activation
        ahead = AlignedFloats(count: Kernels.packedCount(inputs, outputs))
        back = AlignedFloats(count: Kernels.packedCount(outputs, inputs))
        start = AlignedFloats(count: Kernels.packedCount(1, outputs))
        zeros = AlignedFloats(count: Kernels.packedCount(1, inputs))
    }

    /// Number of floats of scratch memory that `backward` needs for `rows` rows.
    package func scratch(rows: Int) -> Int { Kernels.packedCount(rows, outputs) }

    /// Packs the current weights.
    package func load(_ parameters: ParameterBuffer) {
        Kernels.pack(parameters.pointer(weight), inputs, outputs, into: ahead.pointer)
        Kernels.packTransposed(parameters.pointer(weight), outputs, inputs, into: back.pointer)
        if let bias { start.pointer.update(from: parameters.pointer(bias), count: outputs) }
    }

    /// Computes y from x. The rows of x are `inputStride` floats apart, those of y `outputs` floats.
    package func forward(
        _ x: UnsafePointer<Float>, inputStride: Int? = nil, _ y: UnsafeMutablePointer<Float>, rows: Int,
        _ kernels: Kernels
    ) {
        kernels.matmul(
            x, rowsOfA: inputStride ?? inputs, panels: ahead.pointer,
            bias: bias == nil ? nil : UnsafePointer(start.pointer), y, rowsOfC: outputs, m: rows, k: inputs,
            n: outputs, activation)
    }

    /// Replaces dy (rows, outputs) with the gradient before the activation, adds to the parameters' gradients, and
    /// writes dx or adds to it.
    ///
    /// - Parameters:
    ///   - y: the output of `forward`.
    ///   - dx: (rows, inputs); nil if it is not needed.
    ///   - addsToInput: true to add to the current values of dx.
    ///   - scratch: `scratch(rows:)` floats; receives dy in packed form.
    package func backward(
        _ x: UnsafePointer<Float>, inputStride: Int? = nil, y: UnsafePointer<Float>,
        _ dy: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>?, addsToInput: Bool = false, rows: Int,
        gradients: ParameterBuffer, scratch: AlignedFloats, _ kernels: Kernels
    ) {
        if let bias {
            switch activation {
            case .relu6:
                kernels.activationGradient(
                    y, dy, rows: rows, columns: outputs, limit: 6, bias: gradients.pointer(bias))
            case .relu:
                kernels.activationGradient(
                    y, dy, rows: rows, columns: outputs, limit: .infinity, bias: gradients.pointer(bias))
            case .none: Self.addColumns(dy, rows: rows, columns: outputs, to: gradients.pointer(bias))
            }
        }
        Kernels.pack(dy, rows, outputs, into: scratch.pointer)
        kernels.accumulate(
            x, rowsOfA: inputStride ?? inputs, panels: scratch.pointer, depth: rows, gradients.pointer(weight),
            m: inputs, k: rows, n: outputs)
        guard let dx else { return }
        inputGradient(dy, dx, adds: addsToInput, rows: rows, kernels)
    }

    /// Adds to the weight's gradient the product of rows of x with rows of a gradient that is already packed, starting
    /// at its row `firstRow`.
    func accumulate(
        _ x: UnsafePointer<Float>, inputStride: Int, packed: AlignedFloats, firstRow: Int, depth: Int, rows: Int,
        gradients: ParameterBuffer, _ kernels: Kernels
    ) {
        kernels.accumulate(
            x, rowsOfA: inputStride, panels: packed.pointer + firstRow * Kernels.panel, depth: depth,
            gradients.pointer(weight), m: inputs, k: rows, n: outputs)
    }

    /// Computes dx (rows, inputs) = dy (rows, outputs) times the transpose of w, or adds that product to dx.
    func inputGradient(
        _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, adds: Bool, rows: Int, _ kernels: Kernels
    ) {
        kernels.matmul(
            dy, rowsOfA: outputs, panels: back.pointer, bias: adds ? nil : UnsafePointer(zeros.pointer), dx,
            rowsOfC: inputs, m: rows, k: outputs, n: inputs, .none)
    }

    private static func addColumns(
        _ values: UnsafePointer<Float>, rows: Int, columns: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += values[row * columns + column] }
        }
    }
}
