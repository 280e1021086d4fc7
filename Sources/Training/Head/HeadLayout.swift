import Models

/// The sizes of a head, and where its parameters are in one vector: first layer, its biases, and, if there is a hidden layer,
/// last layer and its biases.
///
/// The last layer's columns are the classes and, for attention, as many again for the weights of the chunks; the biases of
/// these stay 0, as they would fall out of the softmax.
package struct HeadLayout: Sendable, Equatable {
    /// Values in an embedding.
    package let inputs: Int
    /// Units of the hidden layer; 0 if there is none.
    package let hidden: Int
    package let classes: Int
    package let pooling: ClipPooling

    /// - Parameters:
    ///   - inputs: values in an embedding.
    ///   - hidden: units of the hidden layer; 0 for none.
    package init(inputs: Int, hidden: Int, classes: Int, pooling: ClipPooling) {
        self.inputs = inputs
        self.hidden = hidden
        self.classes = classes
        self.pooling = pooling
    }

    /// Columns of the last layer.
    package var outputs: Int { pooling == .attention ? 2 * classes : classes }
    /// Columns of the first layer.
    package var firstOutputs: Int { hidden > 0 ? hidden : outputs }
    /// Shape (inputs, firstOutputs).
    package var firstWeights: Range<Int> { 0..<inputs * firstOutputs }
    package var firstBiases: Range<Int> { firstWeights.upperBound..<firstWeights.upperBound + firstOutputs }
    /// Shape (hidden, outputs); empty without a hidden layer.
    package var lastWeights: Range<Int> { firstBiases.upperBound..<firstBiases.upperBound + hidden * outputs }
    package var lastBiases: Range<Int> {
        hidden > 0 ? lastWeights.upperBound..<lastWeights.upperBound + outputs : firstBiases
    }
    /// Number of parameters.
    package var count: Int { max(lastBiases.upperBound, lastWeights.upperBound) }
    /// The biases that stay 0.
    package var frozen: Range<Int> { lastBiases.lowerBound + classes..<lastBiases.upperBound }
    /// The ranges of weights, on which the L2 penalty is.
    package var penalized: [Range<Int>] { hidden > 0 ? [firstWeights, lastWeights] : [firstWeights] }

    /// The tensors of a head's file; see `HeadMetadata.parameters`.
    ///
    /// - Parameter values: `count` parameters.
    package func tensors(_ values: [Float]) -> [String: [Float]] {
        var tensors: [String: [Float]] = [:]
        if hidden > 0 {
            tensors["hidden/w"] = Array(values[firstWeights])
            tensors["hidden/b"] = Array(values[firstBiases])
        }
        let last = Array(values[hidden > 0 ? lastWeights : firstWeights])
        func columns(_ range: Range<Int>) -> [Float] {
            stride(from: 0, to: last.count, by: outputs).flatMap { last[$0 + range.lowerBound..<$0 + range.upperBound] }
        }
        tensors["output/w"] = columns(0..<classes)
        tensors["output/b"] = Array(values[lastBiases].prefix(classes))
        if pooling == .attention { tensors["attention/w"] = columns(classes..<outputs) }
        return tensors
    }
}
