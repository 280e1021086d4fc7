import Foundation

/// The logistic function with binary cross-entropy: loss = sum over classes of weight x (-t ln p - (1 - t) ln (1 - p)).
package struct SigmoidCrossEntropy: Sendable {
    package init() {}

    /// Computes the loss of one chunk's logits and its gradient.
    ///
    /// The loss is computed from the logits, as max(z, 0) - z t + ln(1 + exp(-|z|)), so that no logarithm of 0 is
    /// taken.
    ///
    /// - Parameters:
    ///   - logits: (classes), replaced by their gradient times `scale`.
    ///   - targets: (classes), 0 to 1.
    ///   - weights: (classes), the weight of each class in the loss; nil for 1.
    ///   - ownWeights: (classes), further weights, of this chunk alone; nil for 1.
    ///   - scale: factor for the gradient, not for the loss.
    /// - Returns: the sum of the loss over classes, not multiplied by `scale`.
    package func lossAndGradient(
        _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>, weights: [Float]?,
        ownWeights: UnsafePointer<Float>? = nil, classes: Int, scale: Float
    ) -> Double {
        var loss = 0.0
        for index in 0..<classes {
            let z = logits[index]
            let target = targets[index]
            let weight = (weights?[index] ?? 1) * (ownWeights?[index] ?? 1)
            let small = exp(-abs(z))
            loss += Double(weight * (max(z, 0) - z * target + log1p(small)))
            let probability = z >= 0 ? 1 / (1 + small) : small / (1 + small)
            logits[index] = (probability - target) * weight * scale
        }
        return loss
    }
}
