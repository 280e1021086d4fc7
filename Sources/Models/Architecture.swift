/// The networks this module knows, by the name a model file carries.
package enum Architecture: String, Sendable, CaseIterable {
    /// MobileNet-v1 trunk and its own classifier on the 1024 pooled channels.
    case yamnet
    /// Trunk, projection to 256, classifier.
    case yamnetProjection = "yamnet-projection"
    /// Two bidirectional LSTM layers over the raw second, classifier on the mean of the 40 outputs.
    case waveEncoder = "wave-encoder"
    /// Trunk with projection beside the mean of the wave encoder's outputs.
    case leanMean = "lean-mean"
    /// Trunk with projection, which queries the wave encoder's outputs by attention.
    case lean

    /// True where the log-mel patch is an input.
    package var hasTrunk: Bool { self != .waveEncoder }
    /// True where the trunk's 1024 channels are projected to 256.
    package var hasProjection: Bool { hasTrunk && self != .yamnet }
    /// True where the raw second is an input.
    package var hasEncoder: Bool { self == .waveEncoder || self == .leanMean || self == .lean }

    /// Values the classifier sees a chunk, which are also the chunk's embedding.
    package var headInputs: Int {
        switch self {
        case .yamnet: YAMNetShape.embedding
        case .yamnetProjection, .waveEncoder: LEANShape.width
        case .leanMean, .lean: 2 * LEANShape.width
        }
    }
}

/// Sizes of the MobileNet-v1 trunk.
package enum YAMNetShape {
    /// Log-mel frames of a patch.
    package static let frames = 96
    /// Mel bands.
    package static let bands = 64
    /// Channels of the first convolution, which has stride 2.
    package static let firstChannels = 32
    /// Channels after the last block, mean-pooled.
    package static let embedding = 1024

    /// A 3x3 depthwise convolution with this stride, then a pointwise one.
    package struct Block: Sendable, Equatable {
        package let inputs: Int
        package let outputs: Int
        package let stride: Int
    }

    /// The thirteen depthwise-separable blocks in order.
    package static let blocks: [Block] = [
        Block(inputs: 32, outputs: 64, stride: 1), Block(inputs: 64, outputs: 128, stride: 2),
        Block(inputs: 128, outputs: 128, stride: 1), Block(inputs: 128, outputs: 256, stride: 2),
        Block(inputs: 256, outputs: 256, stride: 1), Block(inputs: 256, outputs: 512, stride: 2),
        Block(inputs: 512, outputs: 512, stride: 1), Block(inputs: 512, outputs: 512, stride: 1),
        Block(inputs: 512, outputs: 512, stride: 1), Block(inputs: 512, outputs: 512, stride: 1),
        Block(inputs: 512, outputs: 512, stride: 1), Block(inputs: 512, outputs: 1024, stride: 2),
        Block(inputs: 1024, outputs: 1024, stride: 1),
    ]
}

/// Sizes of the wave encoder, projection and attention (LEAN, arXiv 2305.12712).
package enum LEANShape {
    /// Samples of a chunk: one second at 16 kHz.
    package static let samples = 16_000
    /// Time steps of the encoder: windows that do not overlap.
    package static let steps = 40
    /// Samples of a window, 25 ms.
    package static let window = 400
    /// Units of one LSTM direction.
    package static let hidden = 128
    /// Input, forget, cell and output gate of every unit.
    package static let gates = 4 * hidden
    /// Projected embedding, encoder output and attention context.
    package static let width = 256
}
