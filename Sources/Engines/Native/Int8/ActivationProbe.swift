import Models

/// Finds the largest activation of each layer of a trunk, in single precision: what 8-bit arithmetic must represent.
///
/// One worker's memory, not to be shared between threads.
package final class ActivationProbe {
    /// The largest value so far by layer, 0 to 6.
    package private(set) var largest: [String: Float]
    private let firstWeights: AlignedFloats
    private let firstBias: AlignedFloats
    private let depthwise: [(weights: AlignedFloats, bias: AlignedFloats)]
    private let pointwise: [PackedMatrix]
    /// Two images of one chunk: before and after a depthwise convolution.
    private let image = [AlignedFloats(count: 48 * 32 * 64), AlignedFloats(count: 48 * 32 * 64)]
    private let kernels = Kernels.best

    /// Reads the trunk of a model file; nil if its network has none.
    ///
    /// - Throws: `ModelError` if a parameter is wrong.
    package init?(_ file: ModelFile) throws {
        guard file.metadata.architecture.hasTrunk else { return nil }
        let source = ParameterSource(layout: file.layout) { try file.floats($0) }
        firstWeights = AlignedFloats(try source.floats("conv/w"))
        firstBias = AlignedFloats(try source.floats("conv/b"))
        depthwise = try YAMNetShape.blocks.indices.map {
            (AlignedFloats(try source.floats("dw\($0 + 1)/w")), AlignedFloats(try source.floats("dw\($0 + 1)/b")))
        }
        pointwise = try YAMNetShape.blocks.indices.map { try source.dense("pw\($0 + 1)") }
        largest = Dictionary(uniqueKeysWithValues: YAMNetShape.byteLayers.map { ($0, 0) })
    }

    /// Takes a normalised patch (96, 64) through the trunk.
    package func add(_ patch: UnsafePointer<Float>) {
        let (from, to) = (image[0].pointer, image[1].pointer)
        var (height, width) = (YAMNetShape.frames / 2, YAMNetShape.bands / 2)
        kernels.firstConvolution(
            patch, height: YAMNetShape.frames, width: YAMNetShape.bands, weights: firstWeights.pointer,
            bias: firstBias.pointer, from)
        for (index, block) in YAMNetShape.blocks.enumerated() {
            let rows = (height + block.stride - 1) / block.stride
            kernels.depthwise(
                from, height: height, width: width, channels: block.inputs, stride: block.stride,
                weights: depthwise[index].weights.pointer, bias: depthwise[index].bias.pointer, to, rows: 0..<rows)
            (height, width) = (rows, (width + block.stride - 1) / block.stride)
            note("dw\(index + 1)", to, height * width * block.inputs)
            pointwise[index].multiply(to, from, rows: height * width, .relu6, kernels)
            note("pw\(index + 1)", from, height * width * block.outputs)
        }
    }

    private func note(_ layer: String, _ values: UnsafePointer<Float>, _ count: Int) {
        var found: Float = 0
        for i in 0..<count where values[i] > found { found = values[i] }
        if let before = largest[layer] { largest[layer] = max(before, found) }
    }
}
