import Models

/// One direction of an LSTM over 40 steps of a group of chunks; everything is laid out (steps, chunks, values).
///
/// gates = x w + b + h u in the order input, forget, cell, output; c = f c + i g; h = o tanh c.
package final class LSTMLayer: Sendable {
    package let input: DenseLayer
    package let recurrent: DenseLayer
    package let isBackward: Bool
    private let steps = LEANShape.steps
    private let hidden = LEANShape.hidden

    /// What a worker keeps from the way forward to the way back, for at most `chunks`.
    package struct Memory {
        /// Activations of the gates, later their gradients (steps, chunks, 512).
        let gates: AlignedFloats
        /// (steps, chunks, 128)
        let cells: AlignedFloats
        let outputGradient: AlignedFloats
        let cellGradient: AlignedFloats
        let zeros: AlignedFloats

        /// - Parameter chunks: most chunks of one pass.
        package init(chunks: Int) {
            gates = AlignedFloats(count: LEANShape.steps * chunks * LEANShape.gates)
            cells = AlignedFloats(count: LEANShape.steps * chunks * LEANShape.hidden)
            outputGradient = AlignedFloats(count: chunks * LEANShape.hidden)
            cellGradient = AlignedFloats(count: chunks * LEANShape.hidden)
            zeros = AlignedFloats(count: chunks * LEANShape.hidden)
        }
    }

    /// - Parameter name: that of the parameters `name/w` (inputs, 512), `name/u` (128, 512) and `name/b` (512).
    package init(_ layout: ParameterLayout, name: String, isBackward: Bool) {
        input = DenseLayer(layout, weight: name + "/w", bias: name + "/b")
        recurrent = DenseLayer(layout, weight: name + "/u", bias: nil)
        self.isBackward = isBackward
    }

    /// Packs the weights as they are now.
    package func load(_ parameters: ParameterBuffer) {
        input.load(parameters)
        recurrent.load(parameters)
    }

    /// Floats of scratch memory that so many chunks take.
    package func scratch(chunks: Int) -> Int { input.scratch(rows: steps * chunks) }

    /// The step that is worked at as the `turn`th.
    private func step(_ turn: Int) -> Int { isBackward ? steps - 1 - turn : turn }

    /// x (40, chunks, inputs) to y (40, chunks, 128), whose rows are `outputStride` floats apart.
    package func forward(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outputStride: Int, chunks: Int, _ memory: Memory,
        _ kernels: Kernels
    ) {
        input.forward(x, memory.gates.pointer, rows: steps * chunks, kernels)
        for turn in 0..<steps {
            let step = step(turn)
            let gates = memory.gates.pointer + step * chunks * LEANShape.gates
            var cell = memory.zeros.pointer
            if turn > 0 {
                let before = self.step(turn - 1)
                recurrent.forward(
                    y + before * chunks * outputStride, inputStride: outputStride, gates, rows: chunks, kernels)
                cell = memory.cells.pointer + before * chunks * hidden
            }
            kernels.lstmStepKept(
                gates: gates, previousCell: cell, cell: memory.cells.pointer + step * chunks * hidden,
                y + step * chunks * outputStride, rowsOfOutput: outputStride, rows: chunks, hidden: hidden)
        }
    }

    /// dy (40, chunks, 128), rows `outputStride` floats apart as y's; dx (40, chunks, inputs) is written or added to.
    package func backward(
        _ x: UnsafePointer<Float>, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, outputStride: Int,
        dx: UnsafeMutablePointer<Float>?, addsToInput: Bool, chunks: Int, _ memory: Memory,
        gradients: ParameterBuffer, scratch: AlignedFloats, _ kernels: Kernels
    ) {
        let size = chunks * hidden
        memory.cellGradient.pointer.update(repeating: 0, count: size)
        for turn in stride(from: steps - 1, through: 0, by: -1) {
            let step = step(turn)
            let gradient = memory.outputGradient.pointer
            for chunk in 0..<chunks {
                (gradient + chunk * hidden)
                    .update(from: dy + (step * chunks + chunk) * outputStride, count: hidden)
            }
            if turn < steps - 1 {
                recurrent.inputGradient(
                    memory.gates.pointer + self.step(turn + 1) * chunks * LEANShape.gates, gradient, adds: true,
                    rows: chunks, kernels)
            }
            kernels.lstmStepGradient(
                gates: memory.gates.pointer + step * chunks * LEANShape.gates,
                previousCell: turn > 0
                    ? memory.cells.pointer + self.step(turn - 1) * size : memory.zeros.pointer,
                cell: memory.cells.pointer + step * size, outputGradient: gradient, rowsOfOutput: hidden,
                cellGradient: memory.cellGradient.pointer, rows: chunks, hidden: hidden)
        }
        input.backward(
            x, y: memory.gates.pointer, memory.gates.pointer, dx: dx, addsToInput: addsToInput, rows: steps * chunks,
            gradients: gradients, scratch: scratch, kernels)
        // Step t's gates met the output of the step before: the same rows, moved by one step.
        let rows = (steps - 1) * chunks
        recurrent.accumulate(
            y + (isBackward ? chunks * outputStride : 0), inputStride: outputStride, packed: scratch,
            firstRow: isBackward ? 0 : chunks, depth: steps * chunks, rows: rows, gradients: gradients, kernels)
    }
}
