import Models

/// One direction of an LSTM layer over 40 steps of a group of chunks; all arrays are laid out as (steps, chunks,
/// values).
///
/// gates = x w + b + h u, in the order input (i), forget (f), cell (g), output (o); c = f c + i g; h = o tanh c.
package final class LSTMLayer: Sendable {
    package let input: DenseLayer
    package let recurrent: DenseLayer
    package let isBackward: Bool
    private let steps = LEANShape.steps
    private let hidden = LEANShape.hidden

    /// One worker's memory, which keeps what the backward pass needs from the forward pass.
    package struct Memory {
        /// Activations of the gates (steps, chunks, 512), later replaced by their gradients.
        let gates: AlignedFloats
        /// Cells after each step (steps, chunks, 128).
        let cells: AlignedFloats
        let outputGradient: AlignedFloats
        let cellGradient: AlignedFloats
        let zeros: AlignedFloats

        /// - Parameter chunks: maximum number of chunks in one pass.
        package init(chunks: Int) {
            gates = AlignedFloats(count: LEANShape.steps * chunks * LEANShape.gates)
            cells = AlignedFloats(count: LEANShape.steps * chunks * LEANShape.hidden)
            outputGradient = AlignedFloats(count: chunks * LEANShape.hidden)
            cellGradient = AlignedFloats(count: chunks * LEANShape.hidden)
            zeros = AlignedFloats(count: chunks * LEANShape.hidden)
        }
    }

    /// - Parameter name: prefix of the parameters `name/w` (inputs, 512), `name/u` (128, 512) and `name/b` (512).
    package init(_ layout: ParameterLayout, name: String, isBackward: Bool) {
        input = DenseLayer(layout, weight: name + "/w", bias: name + "/b")
        recurrent = DenseLayer(layout, weight: name + "/u", bias: nil)
        self.isBackward = isBackward
    }

    /// Packs the current weights.
    package func load(_ parameters: ParameterBuffer) {
        input.load(parameters)
        recurrent.load(parameters)
    }

    /// Number of floats of scratch memory that `backward` needs for `chunks` chunks.
    package func scratch(chunks: Int) -> Int { input.scratch(rows: steps * chunks) }

    /// The step that the forward pass computes in turn `turn`, counted from 0.
    private func step(_ turn: Int) -> Int { isBackward ? steps - 1 - turn : turn }

    /// Computes y (40, chunks, 128), whose rows are `outputStride` floats apart, from x (40, chunks, inputs).
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

    /// Adds to the parameters' gradients, and writes dx (40, chunks, inputs) or adds to it. The rows of dy (40, chunks,
    /// 128) are `outputStride` floats apart, like those of y.
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
        // Each step's gates were computed from the output of the step before. So the gates' gradients, which `scratch`
        // still holds in packed form, are multiplied with the rows of y shifted by one step.
        let rows = (steps - 1) * chunks
        recurrent.accumulate(
            y + (isBackward ? chunks * outputStride : 0), inputStride: outputStride, packed: scratch,
            firstRow: isBackward ? 0 : chunks, depth: steps * chunks, rows: rows, gradients: gradients, kernels)
    }
}
