import Models

/// Cross-attention: context = sum over t of softmax over t (scale x query . values[t]) values[t], over the encoder's
/// 40 outputs.
package struct AttentionLayer: Sendable {
    private let scale: Float

    /// - Parameter scale: the factor of the dot products before the softmax.
    package init(scale: Float = ModelMetadata.usualAttentionScale) { self.scale = scale }

    /// Computes context (256) from query (256) and values (40, 256), whose steps are `stride` floats apart; also writes
    /// the attention weights (40).
    package func forward(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, _ context: UnsafeMutablePointer<Float>,
        weights: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        kernels.attend(
            query: query, values: values, stride: stride, steps: LEANShape.steps, width: LEANShape.width,
            scale: scale, context, weights: weights)
    }

    /// Adds to the query's gradient and writes the values' gradient, which is laid out like the values.
    package func backward(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, weights: UnsafePointer<Float>,
        gradient: UnsafePointer<Float>, queryGradient: UnsafeMutablePointer<Float>,
        valueGradient: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        kernels.attendGradient(
            query: query, values: values, stride: stride, steps: LEANShape.steps, width: LEANShape.width,
            scale: scale, weights: weights, gradient: gradient, queryGradient: queryGradient,
            valueGradient: valueGradient)
    }
}
