import Models

/// Two bidirectional LSTM layers over the 40 windows of one second of raw samples, with their matrix products in 8-bit
/// integers and the rest in floats.
///
/// Every row that is multiplied, a window's samples or a step's outputs, is quantised by its own largest magnitude. All
/// arrays are laid out as (steps, chunks, values), so that a step is one matrix product over the group's chunks.
final class Int8WaveEncoder: Sendable {
    /// One direction of a layer: gates = input x w + bias + previous output x u.
    private struct Direction: Sendable {
        let input: QuantizedMatrix
        let recurrent: QuantizedMatrix
        let isBackward: Bool
    }

    private let layers: [[Direction]]
    private let scale: WaveScale

    /// Number of chunks computed together, as in `WaveEncoder`.
    static let group = WaveEncoder.group
    /// Number of steps whose input products are computed at once.
    private static let block = 4
    /// How samples, the first layer's outputs and the fed back outputs are written as bytes.
    private static let windowForm = Int8Kernels.RowForm.signed
    private static let hiddenForm = Int8Kernels.RowForm.signed
    private static let stateForm = Int8Kernels.RowForm.signed

    /// - Parameter scale: what is done to each chunk's samples first.
    /// - Throws: any error of the source.
    init(_ source: QuantizedSource, scale: WaveScale) throws {
        self.scale = scale
        layers = try [(1, Self.windowForm), (2, Self.hiddenForm)].map { level, form in
            try [("forward", false), ("backward", true)].map { name, isBackward in
                let prefix = "encoder\(level)/\(name)"
                return Direction(
                    input: QuantizedMatrix(try source.weights(prefix), bias: try source.bias(prefix), form: form),
                    recurrent: QuantizedMatrix(try source.weights(prefix, "u"), bias: nil, form: Self.stateForm),
                    isBackward: isBackward)
            }
        }
    }

    /// One worker's memory for intermediate results and the output.
    struct Scratch {
        /// The rows that a layer reads as bytes, and what one unit of each stands for.
        fileprivate let rows = AlignedIntegers<UInt8>(count: 2 * LEANShape.steps * group * LEANShape.window)
        fileprivate let scales = AlignedFloats(count: LEANShape.steps * group)
        fileprivate let state = AlignedIntegers<UInt8>(count: 2 * group * LEANShape.hidden)
        fileprivate let stateScales = AlignedFloats(count: group)
        fileprivate let hidden = AlignedFloats(count: LEANShape.steps * group * LEANShape.width)
        fileprivate let gates = AlignedFloats(count: block * group * LEANShape.gates)
        fileprivate let cell = AlignedFloats(count: group * LEANShape.hidden)
        /// The second layer's outputs (steps, chunks, 256), which are the result of `forward`.
        let output = AlignedFloats(count: LEANShape.steps * group * LEANShape.width)
    }

    /// Computes `scratch.output` (40, count, 256) from waves (count, 16000), where `count` is at most `group`.
    ///
    /// - Parameter floats: the kernels of what stays in floats.
    func forward(
        _ waves: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ kernels: Int8Kernels, _ floats: Kernels
    ) {
        let (window, steps) = (LEANShape.window, LEANShape.steps)
        for step in 0..<steps {
            kernels.quantizeRows(
                waves + step * window, stride: LEANShape.samples, rows: count, columns: window, form: Self.windowForm,
                scratch.rows.pointer + step * count * window * Self.windowForm.digits,
                scales: scratch.scales.pointer + step * count)
        }
        // A factor of a row is one of its scale: the bytes are the same.
        for chunk in 0..<count where scale != .none {
            let factor = scale.factor(waves + chunk * LEANShape.samples, count: LEANShape.samples)
            for step in 0..<steps { scratch.scales.pointer[step * count + chunk] *= factor }
        }
        for direction in layers[0] {
            run(direction, count: count, scratch, scratch.hidden.pointer, kernels, floats)
        }
        kernels.quantizeRows(
            scratch.hidden.pointer, stride: LEANShape.width, rows: steps * count, columns: LEANShape.width,
            form: Self.hiddenForm, scratch.rows.pointer, scales: scratch.scales.pointer)
        for direction in layers[1] {
            run(direction, count: count, scratch, scratch.output.pointer, kernels, floats)
        }
    }

    /// Runs one direction of a layer over the rows in `scratch` and writes its half of each step's outputs.
    private func run(
        _ direction: Direction, count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>,
        _ kernels: Int8Kernels, _ floats: Kernels
    ) {
        let (steps, hidden, width) = (LEANShape.steps, LEANShape.hidden, LEANShape.width)
        let half = output + (direction.isBackward ? hidden : 0)
        let rowSize = direction.input.inputs * direction.input.form.digits
        scratch.cell.pointer.update(repeating: 0, count: count * hidden)
        var previous: UnsafeMutablePointer<Float>?
        for done in stride(from: 0, to: steps, by: Self.block) {
            let length = min(Self.block, steps - done)
            let lowest = direction.isBackward ? steps - done - length : done
            direction.input.multiply(
                scratch.rows.pointer + lowest * count * rowSize, scales: scratch.scales.pointer + lowest * count,
                scratch.gates.pointer, rows: length * count, .none, kernels)
            for offset in 0..<length {
                let inBlock = direction.isBackward ? length - 1 - offset : offset
                let gates = scratch.gates.pointer + inBlock * count * LEANShape.gates
                if let previous {
                    kernels.quantizeRows(
                        previous, stride: width, rows: count, columns: hidden, form: Self.stateForm,
                        scratch.state.pointer, scales: scratch.stateScales.pointer)
                    direction.recurrent.multiply(
                        scratch.state.pointer, scales: scratch.stateScales.pointer, gates, rows: count, .none, kernels)
                }
                let target = half + (lowest + inBlock) * count * width
                floats.lstmStep(
                    gates: gates, cell: scratch.cell.pointer, target, rowsOfOutput: width, rows: count, hidden: hidden)
                previous = target
            }
        }
    }
}
