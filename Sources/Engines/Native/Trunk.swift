import Models

/// YAMNet's MobileNet-v1 trunk, from log-mel patches (96, 64) to 1024 pooled channels.
///
/// Early layers are computed in bands and middle ones in small groups of chunks, so that a layer's output is still in
/// the second-level cache when the next layer reads it. Late layers are computed in large groups, so that their large
/// weights are read once for many chunks.
final class Trunk: Sendable {
    /// A depthwise convolution and the pointwise convolution that follows it.
    private struct Block: Sendable {
        let shape: YAMNetShape.Block
        let height: Int
        let width: Int
        let weights: AlignedFloats
        let bias: AlignedFloats
        let pointwise: PackedMatrix

        var outputHeight: Int { (height + shape.stride - 1) / shape.stride }
        var outputWidth: Int { (width + shape.stride - 1) / shape.stride }
        var outputPixels: Int { outputHeight * outputWidth }

        func depthwise(
            _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, rows: Range<Int>, _ kernels: Kernels
        ) {
            kernels.depthwise(
                input, height: height, width: width, channels: shape.inputs, stride: shape.stride,
                weights: weights.pointer, bias: bias.pointer, output, rows: rows)
        }
    }

    private let firstWeights: AlignedFloats
    private let firstBias: AlignedFloats
    private let blocks: [Block]

    /// Number of pixels in a band, which the early blocks take through both convolutions at once.
    private static let bandPixels = 96
    /// Index of the first middle block; the early blocks before it run chunk by chunk.
    private static let middle = 5
    /// Index of the first late block; middle blocks run in small groups, late ones in large groups.
    private static let late = 11
    private static let smallGroup = 4
    private static let largeGroup = 16

    init(_ source: ParameterSource) throws {
        firstWeights = AlignedFloats(try source.floats("conv/w"))
        firstBias = AlignedFloats(try source.floats("conv/b"))
        var height = YAMNetShape.frames / 2
        var width = YAMNetShape.bands / 2
        var list: [Block] = []
        for (index, shape) in YAMNetShape.blocks.enumerated() {
            let block = Block(
                shape: shape, height: height, width: width,
                weights: AlignedFloats(try source.floats("dw\(index + 1)/w")),
                bias: AlignedFloats(try source.floats("dw\(index + 1)/b")),
                pointwise: try source.dense("pw\(index + 1)"))
            list.append(block)
            (height, width) = (block.outputHeight, block.outputWidth)
        }
        blocks = list
    }

    /// One worker's memory for intermediate results.
    struct Scratch {
        /// Two images of one chunk, alternately the input and the output of an early block.
        let image = [AlignedFloats(count: 48 * 32 * 64), AlignedFloats(count: 48 * 32 * 64)]
        let band = AlignedFloats(count: bandPixels * 256)
        /// A small group's channels after a depthwise and after a pointwise convolution; `large` likewise.
        let small = [AlignedFloats(count: smallGroup * 24 * 512), AlignedFloats(count: smallGroup * 24 * 512)]
        let large = [AlignedFloats(count: largeGroup * 6 * 1024), AlignedFloats(count: largeGroup * 6 * 1024)]
    }

    /// Computes output (count, 1024) from patches (count, 96, 64).
    func forward(
        _ patches: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>,
        _ kernels: Kernels
    ) {
        let patch = YAMNetShape.frames * YAMNetShape.bands
        let first = blocks[Self.late]
        let pixels = first.outputPixels * first.shape.inputs
        for start in stride(from: 0, to: count, by: Self.largeGroup) {
            let size = min(Self.largeGroup, count - start)
            for offset in stride(from: 0, to: size, by: Self.smallGroup) {
                smallGroup(
                    patches + (start + offset) * patch, count: min(Self.smallGroup, size - offset), scratch,
                    scratch.large[0].pointer + offset * pixels, kernels)
            }
            largeGroup(count: size, scratch, output + start * YAMNetShape.embedding, kernels)
        }
    }

    /// Computes the network from the patches up to and including the depthwise convolution of the first late block.
    private func smallGroup(
        _ patches: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>,
        _ kernels: Kernels
    ) {
        let (depthwise, pointwise) = (scratch.small[0].pointer, scratch.small[1].pointer)
        let first = blocks[Self.middle]
        for chunk in 0..<count {
            let image = early(patches + chunk * YAMNetShape.frames * YAMNetShape.bands, scratch, kernels)
            first.depthwise(
                image, depthwise + chunk * first.outputPixels * first.shape.inputs, rows: 0..<first.outputHeight,
                kernels)
        }
        for index in Self.middle..<Self.late {
            let block = blocks[index]
            block.pointwise.multiply(depthwise, pointwise, rows: count * block.outputPixels, .relu6, kernels)
            let next = blocks[index + 1]
            let target = index + 1 == Self.late ? output : depthwise
            each(next, pointwise, target, count: count, kernels)
        }
    }

    /// Computes the first convolution and the early blocks of one chunk, band by band, and returns the resulting image.
    private func early(_ patch: UnsafePointer<Float>, _ scratch: Scratch, _ kernels: Kernels) -> UnsafePointer<Float> {
        var (from, to) = (scratch.image[0].pointer, scratch.image[1].pointer)
        kernels.firstConvolution(
            patch, height: YAMNetShape.frames, width: YAMNetShape.bands, weights: firstWeights.pointer,
            bias: firstBias.pointer, from)
        for block in blocks[..<Self.middle] {
            let rows = max(1, Self.bandPixels / block.outputWidth)
            for top in stride(from: 0, to: block.outputHeight, by: rows) {
                let band = top..<min(top + rows, block.outputHeight)
                block.depthwise(from, scratch.band.pointer, rows: band, kernels)
                block.pointwise.multiply(
                    scratch.band.pointer, to + top * block.outputWidth * block.shape.outputs,
                    rows: band.count * block.outputWidth, .relu6, kernels)
            }
            (from, to) = (to, from)
        }
        return UnsafePointer(from)
    }

    /// Computes the rest of the network, from after the depthwise convolution of the first late block to the pooled
    /// channels.
    private func largeGroup(
        count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let (depthwise, pointwise) = (scratch.large[0].pointer, scratch.large[1].pointer)
        var pixels = 0
        for index in Self.late..<blocks.count {
            let block = blocks[index]
            pixels = block.outputPixels
            if index > Self.late { each(block, pointwise, depthwise, count: count, kernels) }
            block.pointwise.multiply(depthwise, pointwise, rows: count * pixels, .relu6, kernels)
        }
        for chunk in 0..<count {
            kernels.meanRows(
                pointwise + chunk * pixels * YAMNetShape.embedding, stride: YAMNetShape.embedding, rows: pixels,
                columns: YAMNetShape.embedding, output + chunk * YAMNetShape.embedding)
        }
    }

    /// Applies a block's depthwise convolution to whole images.
    private func each(
        _ block: Block, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int,
        _ kernels: Kernels
    ) {
        let inputs = block.height * block.width * block.shape.inputs
        let outputs = block.outputPixels * block.shape.inputs
        for chunk in 0..<count {
            block.depthwise(
                input + chunk * inputs, output + chunk * outputs, rows: 0..<block.outputHeight, kernels)
        }
    }
}
