import Models

/// The options for training a head.
package struct HeadOptions: Sendable, Equatable {
    /// How a clip's score is pooled from its chunks'.
    package var pooling = ClipPooling.mean
    /// Units of a hidden layer; 0 for none.
    package var hidden = 0
    /// The weight of a class in the loss; with `balanced`, rare classes count as much as frequent ones.
    package var classWeights = TrainingOptions.ClassWeights.none
    /// The strength of the L2 penalty; nil to choose it among `strengths`.
    package var l2: Double?
    package var seed: UInt64 = 1
    /// Epochs of Adam; L-BFGS, which trains a head without hidden layer on the mean, ends by itself.
    package var epochs = 60
    /// Clips in a step of Adam.
    package var batch = 32
    /// The learning rate of Adam at its first step; it falls to 0 over the steps along a cosine.
    package var learningRate = 0.003

    package init() {}

    /// The strengths that are tried, from the strongest: half decades from 0.3 to 0.001.
    package static let strengths: [Double] = [0.3, 0.1, 0.03, 0.01, 0.003, 0.001]

    /// Whether it is trained by L-BFGS over all clips at once. The largest score of a clip has no gradient where another chunk
    /// takes over, and layers in a row have many minima: those are trained by Adam.
    package var usesLBFGS: Bool { hidden == 0 && pooling == .mean }

    /// Every option by its name on the command line, with its value.
    package var values: [(name: String, value: String)] {
        let common = [
            ("pooling", pooling.rawValue), ("hidden", "\(hidden)"), ("class-weights", classWeights.rawValue),
            ("seed", "\(seed)"),
        ]
        if usesLBFGS { return common }
        return common + [("epochs", "\(epochs)"), ("batch", "\(batch)"), ("learning-rate", "\(learningRate)")]
    }
}
