import Models

/// y (rows, outputs) = act(x (rows, inputs) w + b): pointwise convolutions, the projection, an LSTM's products, the classifier.
///
/// Holds its weights packed both ways; `load` packs them anew after every step. Between two loads any number of threads may use it.
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
    ///   - weight: name of the parameter (inputs, outputs).
    ///   - bias: name of the parameter (outputs); nil for a layer that adds to what its output holds.
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

    /// Floats of scratch memory that `backward` needs for so many rows.
    package func scratch(rows: Int) -> Int { Kernels.packedCount(rows, outputs) }

    /// Takes over the weights.
    package func load(_ parameters: ParameterBuffer) {
        Kernels.pack(parameters.pointer(weight), inputs, outputs, into: ahead.pointer)
        Kernels.packTransposed(parameters.pointer(weight), outputs, inputs, into: back.pointer)
        if let bias { start.pointer.update(from: parameters.pointer(bias), count: outputs) }
    }

    /// x's rows are `inputStride` floats apart, y's `outputs`.
    package func forward(
        _ x: UnsafePointer<Float>, inputStride: Int? = nil, _ y: UnsafeMutablePointer<Float>, rows: Int,
        _ kernels: Kernels
    ) {
        kernels.matmul(
            x, rowsOfA: inputStride ?? inputs, panels: ahead.pointer,
            bias: bias == nil ? nil : UnsafePointer(start.pointer), y, rowsOfC: outputs, m: rows, k: inputs,
            n: outputs, activation)
    }

    /// dy (rows, outputs) becomes the gradient before the activation; the weights' gradients are added to; dx is written or added to.
    ///
    /// - Parameters:
    ///   - y: what `forward` gave.
    ///   - dx: (rows, inputs); nil where nobody asks for it.
    ///   - addsToInput: true adds to what dx holds.
    ///   - scratch: `scratch(rows:)` floats.
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

    /// Adds to the weight's gradient what rows of x and rows of a gradient packed elsewhere give, `firstRow` of it being the first.
    func accumulate(
        _ x: UnsafePointer<Float>, inputStride: Int, packed: AlignedFloats, firstRow: Int, depth: Int, rows: Int,
        gradients: ParameterBuffer, _ kernels: Kernels
    ) {
        kernels.accumulate(
            x, rowsOfA: inputStride, panels: packed.pointer + firstRow * Kernels.panel, depth: depth,
            gradients.pointer(weight), m: inputs, k: rows, n: outputs)
    }

    /// dx (rows, inputs) = dy (rows, outputs) times the transpose of w, or that added to it.
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
