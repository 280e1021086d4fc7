/// A 3x3 depthwise convolution of images (height, width, channels) with stride 1 or 2, SAME padding, bias and ReLU6.
package struct DepthwiseLayer: Sendable {
    package let height: Int
    package let width: Int
    package let channels: Int
    package let stride: Int
    private let weight: String
    private let bias: String

    package var inputCount: Int { height * width * channels }
    package var outputHeight: Int { (height + stride - 1) / stride }
    package var outputWidth: Int { (width + stride - 1) / stride }
    package var outputCount: Int { outputHeight * outputWidth * channels }

    /// - Parameter name: prefix of the parameters `name/w` (9, channels) and `name/b` (channels).
    package init(name: String, height: Int, width: Int, channels: Int, stride: Int) {
        self.height = height
        self.width = width
        self.channels = channels
        self.stride = stride
        weight = name + "/w"
        bias = name + "/b"
    }

    /// Computes y (images, outputCount) from x (images, inputCount).
    package func forward(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, images: Int, _ parameters: ParameterBuffer,
        _ kernels: Kernels
    ) {
        for image in 0..<images {
            kernels.depthwise(
                x + image * inputCount, height: height, width: width, channels: channels, stride: stride,
                weights: parameters.pointer(weight), bias: parameters.pointer(bias), y + image * outputCount,
                rows: 0..<outputHeight)
        }
    }

    /// Replaces dy with the gradient before the rectifier, writes dx and adds to the parameters' gradients.
    package func backward(
        _ x: UnsafePointer<Float>, y: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>,
        dx: UnsafeMutablePointer<Float>, images: Int, _ parameters: ParameterBuffer, gradients: ParameterBuffer,
        _ kernels: Kernels
    ) {
        kernels.activationGradient(
            y, dy, rows: images * outputCount / channels, columns: channels, limit: 6, bias: gradients.pointer(bias))
        for image in 0..<images {
            kernels.depthwiseGradient(
                x + image * inputCount, dy + image * outputCount, height: height, width: width, channels: channels,
                stride: stride, weights: parameters.pointer(weight), inputGradient: dx + image * inputCount,
                weightGradient: gradients.pointer(weight))
        }
    }
}
