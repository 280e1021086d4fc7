import Models

/// YAMNet's MobileNet-v1 trunk in 8-bit integers, from log-mel patches (96, 64) to 1024 pooled channels.
///
/// Activations are bytes: ReLU6 bounds them, so a fixed scale of 6/127 serves every layer that has no calibrated one.
/// After the stem, early blocks are computed chunk by chunk and later ones in ever larger groups: their images shrink
/// while their weights, which are read once for a group, grow.
final class Int8Trunk: Sendable {
    /// A depthwise convolution and the pointwise convolution that follows it.
    fileprivate struct Block: Sendable {
        let shape: YAMNetShape.Block
        let height: Int
        let width: Int
        let depthwise: QuantizedDepthwise
        let pointwise: QuantizedMatrix

        var outputHeight: Int { (height + shape.stride - 1) / shape.stride }
        var outputWidth: Int { (width + shape.stride - 1) / shape.stride }
        var outputPixels: Int { outputHeight * outputWidth }
        /// Bytes of one image before the block.
        var inputSize: Int { height * width * shape.inputs }
        /// Bytes of one image between the two convolutions.
        var middleSize: Int { outputPixels * shape.inputs }
        /// Bytes of one image after the block.
        var outputSize: Int { outputPixels * shape.outputs }
    }

    private let stem: Int8Stem
    /// The blocks after the stem, which is the first of the network's.
    private let blocks: [Block]
    /// What one unit of a pooled sum stands for in the mean.
    let pooledScale: Float

    /// Index of the first block that is computed in groups of `smallGroup`.
    private static let middle = 4
    /// Index of the first block that is computed in groups of `largeGroup`.
    private static let late = 10
    private static let smallGroup = 8
    private static let largeGroup = 32

    /// - Parameter ranges: the largest value of each layer's activations, by name; 6 for those that are missing.
    /// - Throws: any error of the source.
    init(_ source: QuantizedSource, ranges: [String: Float]) throws {
        func scale(_ layer: String) -> Float { (ranges[layer] ?? 6) / 127 }
        var input = scale("pw1")
        stem = try Int8Stem(source, outputScale: input)
        var (height, width) = (YAMNetShape.frames / 2, YAMNetShape.bands / 2)
        var list: [Block] = []
        for (index, shape) in YAMNetShape.blocks.enumerated().dropFirst() {
            let (dw, pw) = ("dw\(index + 1)", "pw\(index + 1)")
            let block = Block(
                shape: shape, height: height, width: width,
                depthwise: QuantizedDepthwise(
                    try source.weights(dw), bias: try source.bias(dw), inputScale: input, outputScale: scale(dw)),
                pointwise: QuantizedMatrix(
                    try source.weights(pw), bias: try source.bias(pw), form: .bytes, inputScale: scale(dw),
                    outputScale: scale(pw)))
            list.append(block)
            (height, width, input) = (block.outputHeight, block.outputWidth, scale(pw))
        }
        blocks = list
        pooledScale = input / Float(height * width)
    }

    /// Images before or after a block of a group of chunks, and images between its two convolutions.
    fileprivate struct Memory {
        let images: AlignedIntegers<UInt8>
        let middle: AlignedIntegers<UInt8>

        init(_ blocks: ArraySlice<Block>, group: Int) {
            images = AlignedIntegers(count: group * (blocks.map { max($0.inputSize, $0.outputSize) }.max() ?? 0))
            middle = AlignedIntegers(count: group * (blocks.map(\.middleSize).max() ?? 0))
        }
    }

    /// One worker's memory for intermediate results, for each size of group.
    struct Scratch {
        fileprivate let stem = Int8Stem.Scratch()
        fileprivate let single: Memory
        fileprivate let small: Memory
        fileprivate let large: Memory

        /// Allocates memory for a trunk.
        init(_ trunk: Int8Trunk) {
            single = Memory(trunk.blocks[..<Int8Trunk.middle], group: 1)
            small = Memory(trunk.blocks[Int8Trunk.middle..<Int8Trunk.late], group: Int8Trunk.smallGroup)
            large = Memory(trunk.blocks[Int8Trunk.late...], group: Int8Trunk.largeGroup)
        }
    }

    /// Computes the pooled channels of patches (count, 96, 64).
    ///
    /// - Parameters:
    ///   - digits: receives (count, 2, 1024), the sums over the last image's pixels in the form `sums`.
    ///   - output: receives (count, 1024), their means.
    ///   - floats: the kernels of what stays in floats.
    func forward(
        _ patches: UnsafePointer<Float>, count: Int, _ scratch: Scratch, digits: UnsafeMutablePointer<UInt8>,
        _ output: UnsafeMutablePointer<Float>, _ kernels: Int8Kernels, _ floats: Kernels
    ) {
        let patch = YAMNetShape.frames * YAMNetShape.bands
        let (size, pixels) = (YAMNetShape.embedding, blocks[blocks.count - 1].outputPixels)
        for start in stride(from: 0, to: count, by: Self.largeGroup) {
            let group = min(Self.largeGroup, count - start)
            for offset in stride(from: 0, to: group, by: Self.smallGroup) {
                smallGroup(
                    patches + (start + offset) * patch, count: min(Self.smallGroup, group - offset), scratch,
                    scratch.large.images.pointer + offset * blocks[Self.late].inputSize, kernels, floats)
            }
            run(blocks[Self.late...], scratch.large, count: group, scratch.large.images.pointer, kernels)
            for chunk in 0..<group {
                kernels.sumRows(
                    scratch.large.images.pointer + chunk * pixels * size, rows: pixels, columns: size,
                    factor: pooledScale, digits: digits + (start + chunk) * 2 * size, output + (start + chunk) * size)
            }
        }
    }

    /// Computes the layers before the late blocks, from patches to images.
    private func smallGroup(
        _ patches: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<UInt8>,
        _ kernels: Int8Kernels, _ floats: Kernels
    ) {
        for chunk in 0..<count {
            stem.forward(
                patches + chunk * YAMNetShape.frames * YAMNetShape.bands, scratch.stem, scratch.single.images.pointer,
                kernels, floats)
            run(
                blocks[..<Self.middle], scratch.single, count: 1,
                scratch.small.images.pointer + chunk * blocks[Self.middle].inputSize, kernels)
        }
        run(blocks[Self.middle..<Self.late], scratch.small, count: count, output, kernels)
    }

    /// Takes the images in `memory` through some blocks; the last one writes to `output`.
    private func run(
        _ blocks: ArraySlice<Block>, _ memory: Memory, count: Int, _ output: UnsafeMutablePointer<UInt8>,
        _ kernels: Int8Kernels
    ) {
        for index in blocks.indices {
            let block = blocks[index]
            block.depthwise.apply(
                memory.images.pointer, images: count, height: block.height, width: block.width,
                stride: block.shape.stride, memory.middle.pointer, kernels)
            block.pointwise.multiply(
                memory.middle.pointer, index + 1 == blocks.endIndex ? output : memory.images.pointer,
                rows: count * block.outputPixels, kernels)
        }
    }
}
