import Models

/// Two bidirectional LSTM layers over the 40 windows of one second of raw samples.
///
/// All arrays are laid out as (steps, chunks, values), so that a step is one matrix product over the group's chunks.
final class WaveEncoder: Sendable {
    /// One direction of a layer: gates = input x w + bias + previous output x u.
    private struct Direction: Sendable {
        let input: PackedMatrix
        let recurrent: PackedMatrix
        let isBackward: Bool
    }

    private let layers: [[Direction]]
    private let scale: WaveScale

    /// Number of chunks computed together: a multiple of the rows in the matrix kernels' tiles, small enough for the
    /// gates to stay in cache.
    static let group = 24
    /// Number of steps whose input products are computed at once.
    private static let block = 4

    /// - Parameter scale: what is done to each chunk's samples first.
    /// - Throws: any error of the source.
    init(_ source: ParameterSource, scale: WaveScale) throws {
        self.scale = scale
        layers = try [1, 2].map { level in
            try [("forward", false), ("backward", true)].map { name, isBackward in
                let prefix = "encoder\(level)/\(name)"
                return Direction(
                    input: try source.dense(prefix), recurrent: try source.dense(prefix, weight: "u", bias: nil),
                    isBackward: isBackward)
            }
        }
    }

    /// One worker's memory for intermediate results and the output.
    struct Scratch {
        let windows = AlignedFloats(count: LEANShape.steps * group * LEANShape.window)
        let hidden = AlignedFloats(count: LEANShape.steps * group * LEANShape.width)
        let gates = AlignedFloats(count: block * group * LEANShape.gates)
        let cell = AlignedFloats(count: group * LEANShape.hidden)
        /// The second layer's outputs (steps, chunks, 256), which are the result of `forward`.
        let output = AlignedFloats(count: LEANShape.steps * group * LEANShape.width)
    }

    /// Computes `scratch.output` (40, count, 256) from waves (count, 16000), where `count` is at most `group`.
    func forward(_ waves: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ kernels: Kernels) {
        for chunk in 0..<count {
            scale.copyWindows(
                of: waves + chunk * LEANShape.samples, to: scratch.windows.pointer + chunk * LEANShape.window,
                stride: count * LEANShape.window)
        }
        for direction in layers[0] {
            run(direction, scratch.windows.pointer, count: count, scratch, scratch.hidden.pointer, kernels)
        }
        for direction in layers[1] {
            run(direction, scratch.hidden.pointer, count: count, scratch, scratch.output.pointer, kernels)
        }
    }

    private func run(
        _ direction: Direction, _ input: UnsafePointer<Float>, count: Int, _ scratch: Scratch,
        _ output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let (steps, hidden, width) = (LEANShape.steps, LEANShape.hidden, LEANShape.width)
        let half = output + (direction.isBackward ? hidden : 0)
        scratch.cell.pointer.update(repeating: 0, count: count * hidden)
        var previous: UnsafeMutablePointer<Float>?
        for done in stride(from: 0, to: steps, by: Self.block) {
            let length = min(Self.block, steps - done)
            let lowest = direction.isBackward ? steps - done - length : done
            direction.input.multiply(
                input + lowest * count * direction.input.inputs, scratch.gates.pointer, rows: length * count, .none,
                kernels)
            for offset in 0..<length {
                let inBlock = direction.isBackward ? length - 1 - offset : offset
                let gates = scratch.gates.pointer + inBlock * count * LEANShape.gates
                if let previous {
                    direction.recurrent.multiply(previous, inputStride: width, gates, rows: count, .none, kernels)
                }
                let target = half + (lowest + inBlock) * count * width
                kernels.lstmStep(
                    gates: gates, cell: scratch.cell.pointer, target, rowsOfOutput: width, rows: count, hidden: hidden)
                previous = target
            }
        }
    }
}
