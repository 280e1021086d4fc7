import Engines
import Models

/// The mean loss of a head over clips, and its gradient. Products are computed in single precision by the kernels, and
/// losses, pooling and sums over clips in double.
///
/// Clips are taken in groups of a fixed size, and groups in a fixed number of slots, each with a gradient of its own that
/// is added up in order: so the result is bit-identical for any number of threads.
package struct HeadObjective: Sendable {
    /// Clips in a group.
    private static let group = 16
    private static let slots = 16

    package let layout: HeadLayout
    private let set: EmbeddingSet
    private let loss: ClipLoss
    private let threads: Int
    private let kernels: Kernels

    /// - Parameters:
    ///   - set: embeddings of `layout.inputs` values, with `layout.classes` classes.
    ///   - classWeights: the weight of each class in the loss.
    package init(
        _ layout: HeadLayout, set: EmbeddingSet, classWeights: [Double], threads: Int, kernels: Kernels = .best
    ) {
        precondition(set.size == layout.inputs && set.classes.count == layout.classes, "a set of another shape")
        self.layout = layout
        self.set = set
        loss = ClipLoss(layout: layout, classWeights: classWeights)
        self.threads = threads
        self.kernels = kernels
    }

    /// One layer's weights, packed for both passes.
    private final class Layer: Sendable {
        let inputs: Int
        let outputs: Int
        let ahead: AlignedFloats
        let back: AlignedFloats?
        let bias: AlignedFloats
        let zeros: AlignedFloats

        /// - Parameter hasInputGradient: whether the backward pass goes on below it.
        init(
            _ values: [Float], weights: Range<Int>, biases: Range<Int>, inputs: Int, outputs: Int,
            hasInputGradient: Bool
        ) {
            self.inputs = inputs
            self.outputs = outputs
            ahead = AlignedFloats(count: Kernels.packedCount(inputs, outputs))
            bias = AlignedFloats(count: Kernels.packedCount(1, outputs))
            back = hasInputGradient ? AlignedFloats(count: Kernels.packedCount(outputs, inputs)) : nil
            zeros = AlignedFloats(count: hasInputGradient ? Kernels.packedCount(1, inputs) : 0)
            values.withUnsafeBufferPointer { values in
                guard let base = values.baseAddress else { return }
                Kernels.pack(base + weights.lowerBound, inputs, outputs, into: ahead.pointer)
                if let back { Kernels.packTransposed(base + weights.lowerBound, outputs, inputs, into: back.pointer) }
                bias.pointer.update(from: base + biases.lowerBound, count: outputs)
            }
        }

        func forward(
            _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ relu: Bool, _ kernels: Kernels
        ) {
            kernels.matmul(
                x, rowsOfA: inputs, panels: ahead.pointer, bias: bias.pointer, y, rowsOfC: outputs, m: rows, k: inputs,
                n: outputs, relu ? .relu : .none)
        }
    }

    /// One slot's working memory, sum of losses and gradient.
    private final class Slot: @unchecked Sendable {
        let x: AlignedFloats
        let hidden: AlignedFloats
        let hiddenGradient: AlignedFloats
        let outputs: AlignedFloats
        let scores: AlignedFloats
        let rests: AlignedFloats
        let packed: AlignedFloats
        let gradient: AlignedFloats
        var loss = 0.0

        init(_ layout: HeadLayout, rows: Int, hasGradient: Bool) {
            x = AlignedFloats(count: rows * layout.inputs)
            hidden = AlignedFloats(count: rows * layout.hidden)
            hiddenGradient = AlignedFloats(count: hasGradient ? rows * layout.hidden : 0)
            outputs = AlignedFloats(count: rows * layout.outputs)
            scores = AlignedFloats(count: rows * layout.outputs)
            rests = AlignedFloats(count: rows * layout.outputs)
            packed = AlignedFloats(
                count: hasGradient ? Kernels.packedCount(rows, max(layout.outputs, layout.hidden)) : 0)
            gradient = AlignedFloats(count: hasGradient ? layout.count : 0)
        }
    }

    /// Computes the mean over clips of the loss summed over classes.
    ///
    /// - Parameters:
    ///   - parameters: `layout.count` values.
    ///   - clips: places in the set; at least one.
    ///   - gradient: receives `layout.count` values; nil if it is not wanted.
    package func value(_ parameters: [Float], clips: [Int], gradient: UnsafeMutableBufferPointer<Double>? = nil)
        -> Double
    {
        let first = Layer(
            parameters, weights: layout.firstWeights, biases: layout.firstBiases, inputs: layout.inputs,
            outputs: layout.firstOutputs, hasInputGradient: false)
        let last =
            layout.hidden == 0
            ? nil
            : Layer(
                parameters, weights: layout.lastWeights, biases: layout.lastBiases, inputs: layout.hidden,
                outputs: layout.outputs, hasInputGradient: true)
        let groups = stride(from: 0, to: clips.count, by: Self.group).map {
            Array(clips[$0..<min($0 + Self.group, clips.count)])
        }
        let used = min(Self.slots, groups.count)
        let hasGradient = gradient != nil
        let slots = (0..<used).map { slot in
            let rows = stride(from: slot, to: groups.count, by: used).map { place in
                groups[place].reduce(0) { $0 + set.clips[$1].rows.count }
            }
            return Slot(layout, rows: rows.max() ?? 0, hasGradient: hasGradient)
        }
        let scale = 1 / Double(clips.count)
        Parallel.forEach(used, threads: threads) { slot, _ in
            for place in stride(from: slot, to: groups.count, by: used) {
                add(groups[place], first, last, scale, slots[slot], hasGradient: hasGradient)
            }
        }
        if let gradient {
            for place in 0..<layout.count {
                var sum = 0.0
                for slot in slots { sum += Double(slot.gradient.pointer[place]) }
                gradient[place] = sum
            }
            for place in layout.frozen { gradient[place] = 0 }
        }
        return slots.reduce(0) { $0 + $1.loss } * scale
    }

    private func add(
        _ clips: [Int], _ first: Layer, _ last: Layer?, _ scale: Double, _ slot: Slot, hasGradient: Bool
    ) {
        var rows = 0
        for clip in clips {
            let own = set.clips[clip].rows
            (slot.x.pointer + rows * set.size).update(from: set.row(own.lowerBound), count: own.count * set.size)
            rows += own.count
        }
        let count = rows * layout.outputs
        if let last {
            first.forward(slot.x.pointer, slot.hidden.pointer, rows, true, kernels)
            last.forward(slot.hidden.pointer, slot.outputs.pointer, rows, false, kernels)
        } else {
            first.forward(slot.x.pointer, slot.outputs.pointer, rows, false, kernels)
        }
        kernels.sigmoid(slot.outputs.pointer, slot.scores.pointer, count: count)
        for place in 0..<count { slot.rests.pointer[place] = -slot.outputs.pointer[place] }
        kernels.sigmoid(slot.rests.pointer, slot.rests.pointer, count: count)
        var row = 0
        for clip in clips {
            let (own, start) = (set.clips[clip], row * layout.outputs)
            slot.loss += loss.add(
                rows: own.rows.count, outputs: slot.outputs.pointer + start, scores: slot.scores.pointer + start,
                rests: slot.rests.pointer + start, labels: own.labels, scale: scale)
            row += own.rows.count
        }
        if hasGradient { backward(first, last, rows, slot) }
    }

    /// Adds a group's gradient, of which `slot.outputs` holds that of the last layer's outputs.
    private func backward(_ first: Layer, _ last: Layer?, _ rows: Int, _ slot: Slot) {
        let gradient = slot.gradient.pointer
        addColumns(slot.outputs.pointer, rows, layout.outputs, to: gradient + layout.lastBiases.lowerBound)
        guard let last, let back = last.back else {
            return accumulate(slot.x.pointer, layout.inputs, slot.outputs.pointer, layout.outputs, rows, gradient, slot)
        }
        accumulate(
            slot.hidden.pointer, layout.hidden, slot.outputs.pointer, layout.outputs, rows,
            gradient + layout.lastWeights.lowerBound, slot)
        kernels.matmul(
            slot.outputs.pointer, rowsOfA: layout.outputs, panels: back.pointer, bias: last.zeros.pointer,
            slot.hiddenGradient.pointer, rowsOfC: layout.hidden, m: rows, k: layout.outputs, n: layout.hidden, .none)
        kernels.activationGradient(
            slot.hidden.pointer, slot.hiddenGradient.pointer, rows: rows, columns: layout.hidden, limit: .infinity,
            bias: gradient + layout.firstBiases.lowerBound)
        accumulate(
            slot.x.pointer, layout.inputs, slot.hiddenGradient.pointer, layout.hidden, rows, gradient, slot)
    }

    /// Adds the transpose of x (rows, inputs) times dy (rows, outputs) to the gradient of the weights.
    private func accumulate(
        _ x: UnsafePointer<Float>, _ inputs: Int, _ dy: UnsafePointer<Float>, _ outputs: Int, _ rows: Int,
        _ gradient: UnsafeMutablePointer<Float>, _ slot: Slot
    ) {
        Kernels.pack(dy, rows, outputs, into: slot.packed.pointer)
        kernels.accumulate(
            x, rowsOfA: inputs, panels: slot.packed.pointer, depth: rows, gradient, m: inputs, k: rows, n: outputs)
    }

    private func addColumns(
        _ values: UnsafePointer<Float>, _ rows: Int, _ columns: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += values[row * columns + column] }
        }
    }
}
