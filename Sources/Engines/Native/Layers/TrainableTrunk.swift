import Models

/// YAMNet's trunk in training: forward and backward passes between log-mel patches (96, 64) and 1024 pooled channels.
///
/// Batch normalisation stays folded into weights and biases, as in the file the weights come from. The early blocks,
/// whose images are large, are computed chunk by chunk so that gradients stay in cache. The late ones are computed for
/// the whole group at once because their weights are large.
package final class TrainableTrunk: Sendable {
    private struct Block: Sendable {
        let depthwise: DepthwiseLayer
        let pointwise: DenseLayer

        var pixels: Int { depthwise.outputHeight * depthwise.outputWidth }
        var outputCount: Int { pixels * pointwise.outputs }
    }

    private static let early = 5
    private let convolution = FirstConvolutionLayer(height: YAMNetShape.frames, width: YAMNetShape.bands)
    private let blocks: [Block]
    private let pool: MeanLayer

    /// - Parameter layout: the network's layout, which includes the trunk's parameters.
    package init(_ layout: ParameterLayout) {
        var height = YAMNetShape.frames / 2
        var width = YAMNetShape.bands / 2
        blocks = YAMNetShape.blocks.enumerated().map { index, shape in
            let depthwise = DepthwiseLayer(
                name: "dw\(index + 1)", height: height, width: width, channels: shape.inputs, stride: shape.stride)
            (height, width) = (depthwise.outputHeight, depthwise.outputWidth)
            return Block(
                depthwise: depthwise,
                pointwise: DenseLayer(
                    layout, weight: "pw\(index + 1)/w", bias: "pw\(index + 1)/b", activation: .relu6))
        }
        pool = MeanLayer(rows: height * width, columns: YAMNetShape.embedding)
    }

    /// One worker's memory, which keeps what the backward pass needs from the forward pass.
    package struct Memory {
        fileprivate let convolution: AlignedFloats
        fileprivate let depthwise: [AlignedFloats]
        fileprivate let pointwise: [AlignedFloats]
        /// Gradients of the late blocks' images, between a block's two convolutions, and of one chunk's early images.
        fileprivate let gradients: [AlignedFloats]
        fileprivate let scratch: AlignedFloats
    }

    /// Makes the memory for passes over at most `chunks` chunks.
    package func makeMemory(chunks: Int) -> Memory {
        let late = blocks[Self.early...]
        let largest = max(
            blocks[..<Self.early].map { max($0.depthwise.inputCount, $0.outputCount) }.max() ?? 0,
            late.map { chunks * max($0.depthwise.inputCount, $0.outputCount) }.max() ?? 0)
        let scratch = max(
            blocks[..<Self.early].map { $0.pointwise.scratch(rows: $0.pixels) }.max() ?? 0,
            late.map { $0.pointwise.scratch(rows: chunks * $0.pixels) }.max() ?? 0)
        return Memory(
            convolution: AlignedFloats(count: chunks * convolution.outputCount),
            depthwise: blocks.map { AlignedFloats(count: chunks * $0.depthwise.outputCount) },
            pointwise: blocks.map { AlignedFloats(count: chunks * $0.outputCount) },
            gradients: (0..<3).map { _ in AlignedFloats(count: largest) }, scratch: AlignedFloats(count: scratch))
    }

    var denseLayers: [DenseLayer] { blocks.map(\.pointwise) }

    /// Computes output (chunks, 1024) from patches (chunks, 96, 64).
    package func forward(
        _ patches: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, chunks: Int, _ memory: Memory,
        _ parameters: ParameterBuffer, _ kernels: Kernels
    ) {
        for chunk in 0..<chunks {
            convolution.forward(
                patches + chunk * convolution.inputCount,
                memory.convolution.pointer + chunk * convolution.outputCount, parameters, kernels)
            for index in 0..<Self.early { forward(index, first: chunk, chunks: 1, memory, parameters, kernels) }
        }
        for index in Self.early..<blocks.count {
            forward(index, first: 0, chunks: chunks, memory, parameters, kernels)
        }
        let size = blocks[blocks.count - 1].outputCount
        for chunk in 0..<chunks {
            pool.forward(
                memory.pointwise[blocks.count - 1].pointer + chunk * size, stride: YAMNetShape.embedding,
                output + chunk * YAMNetShape.embedding, kernels)
        }
    }

    /// The input of a block, from chunk `first` on.
    private func input(_ index: Int, first: Int, _ memory: Memory) -> UnsafeMutablePointer<Float> {
        (index == 0 ? memory.convolution : memory.pointwise[index - 1]).pointer
            + first * blocks[index].depthwise.inputCount
    }

    private func forward(
        _ index: Int, first: Int, chunks: Int, _ memory: Memory, _ parameters: ParameterBuffer, _ kernels: Kernels
    ) {
        let block = blocks[index]
        let between = memory.depthwise[index].pointer + first * block.depthwise.outputCount
        block.depthwise.forward(
            input(index, first: first, memory), between, images: chunks, parameters, kernels)
        block.pointwise.forward(
            between, memory.pointwise[index].pointer + first * block.outputCount, rows: chunks * block.pixels, kernels)
    }

    /// Adds to the parameters' gradients, starting from dy (chunks, 1024), with the same patches as `forward`.
    package func backward(
        _ patches: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, chunks: Int, _ memory: Memory,
        _ parameters: ParameterBuffer, gradients: ParameterBuffer, _ kernels: Kernels
    ) {
        let size = blocks[blocks.count - 1].outputCount
        for chunk in 0..<chunks {
            pool.backward(
                dy + chunk * YAMNetShape.embedding, dx: memory.gradients[0].pointer + chunk * size,
                stride: YAMNetShape.embedding)
        }
        for index in stride(from: blocks.count - 1, through: Self.early, by: -1) {
            backward(
                index, memory.gradients[0].pointer, first: 0, chunks: chunks, memory, parameters, gradients, kernels)
        }
        // The early blocks go chunk by chunk, each chunk starting from its part of the gradient that the late blocks
        // left.
        let outputs = blocks[Self.early].depthwise.inputCount
        let gradient = memory.gradients[2].pointer
        for chunk in 0..<chunks {
            gradient.update(from: memory.gradients[0].pointer + chunk * outputs, count: outputs)
            for index in stride(from: Self.early - 1, through: 0, by: -1) {
                backward(index, gradient, first: chunk, chunks: 1, memory, parameters, gradients, kernels)
            }
            convolution.backward(
                patches + chunk * convolution.inputCount,
                y: memory.convolution.pointer + chunk * convolution.outputCount, gradient, gradients: gradients,
                kernels)
        }
    }

    /// Takes a block's output gradient in `gradient` and replaces it with the input gradient.
    private func backward(
        _ index: Int, _ gradient: UnsafeMutablePointer<Float>, first: Int, chunks: Int, _ memory: Memory,
        _ parameters: ParameterBuffer, _ gradients: ParameterBuffer, _ kernels: Kernels
    ) {
        let block = blocks[index]
        let between = memory.depthwise[index].pointer + first * block.depthwise.outputCount
        let other = memory.gradients[1].pointer
        block.pointwise.backward(
            between, y: memory.pointwise[index].pointer + first * block.outputCount, gradient, dx: other,
            rows: chunks * block.pixels, gradients: gradients, scratch: memory.scratch, kernels)
        block.depthwise.backward(
            input(index, first: first, memory), y: between, other, dx: gradient, images: chunks, parameters,
            gradients: gradients, kernels)
    }
}
