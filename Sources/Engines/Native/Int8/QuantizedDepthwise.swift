import Models

/// A 3x3 depthwise convolution with ReLU6 on bytes, packed once.
package final class QuantizedDepthwise: Sendable {
    private let weights: AlignedIntegers<Int8>
    private let scale: AlignedFloats
    private let bias: AlignedFloats

    /// - Parameters:
    ///   - weights: (9, channels).
    ///   - bias: one value per channel.
    ///   - inputScale: what one unit of the input stands for; `outputScale` likewise.
    package init(_ weights: QuantizedTensor, bias: [Float], inputScale: Float, outputScale: Float) {
        let channels = weights.scales.count
        self.weights = AlignedIntegers(count: 12 * channels)
        Int8Kernels.packDepthwise(weights.integers, channels: channels, into: self.weights.pointer)
        scale = AlignedFloats(weights.scales.map { $0 * inputScale / outputScale })
        self.bias = AlignedFloats(bias.map { $0 / outputScale })
    }

    /// Applies the convolution to images (height, width, channels), one after another.
    package func apply(
        _ input: UnsafePointer<UInt8>, images: Int, height: Int, width: Int, stride: Int,
        _ output: UnsafeMutablePointer<UInt8>, _ kernels: Int8Kernels
    ) {
        kernels.depthwise(
            input, images: images, height: height, width: width, channels: scale.count, stride: stride,
            weights: weights.pointer, scale: scale.pointer, bias: bias.pointer, output)
    }
}
