import Models

/// A 3x3 convolution of one channel (height, width) to 32 (height / 2, width / 2, 32), with SAME padding, bias and
/// ReLU6.
package struct FirstConvolutionLayer: Sendable {
    package let height: Int
    package let width: Int

    package var inputCount: Int { height * width }
    package var outputCount: Int { height / 2 * (width / 2) * YAMNetShape.firstChannels }

    /// Makes a layer for images whose height and width are both even.
    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// Computes y (outputCount) from x (inputCount), for one image.
    package func forward(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ parameters: ParameterBuffer, _ kernels: Kernels
    ) {
        kernels.firstConvolution(
            x, height: height, width: width, weights: parameters.pointer("conv/w"), bias: parameters.pointer("conv/b"),
            y)
    }

    /// Replaces dy with the gradient before the rectifier and adds to the parameters' gradients. The input's gradient
    /// is not needed, so it is not computed.
    package func backward(
        _ x: UnsafePointer<Float>, y: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>,
        gradients: ParameterBuffer, _ kernels: Kernels
    ) {
        let channels = YAMNetShape.firstChannels
        kernels.activationGradient(
            y, dy, rows: outputCount / channels, columns: channels, limit: 6, bias: gradients.pointer("conv/b"))
        kernels.firstConvolutionGradient(
            x, dy, height: height, width: width, weightGradient: gradients.pointer("conv/w"))
    }
}
