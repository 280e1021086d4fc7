/// The networks that this module knows, by their names in model files.
package enum Architecture: String, Sendable, CaseIterable {
    /// MobileNet-v1 trunk with its own classifier on the 1024 pooled channels.
    case yamnet
    /// Trunk, projection to 256 values, classifier.
    case yamnetProjection = "yamnet-projection"
    /// Two bidirectional LSTM layers over one second of raw samples, with a classifier on the mean of the 40 outputs.
    case waveEncoder = "wave-encoder"
    /// Trunk with projection, next to the mean of the wave encoder's outputs.
    case leanMean = "lean-mean"
    /// Trunk with projection, whose output is the query of an attention over the wave encoder's outputs.
    case lean
    /// VGGish up to its embedding of 128 values; it has no classifier.
    case vggish
    /// VGGish, its embedding then whitened by a principal component analysis and quantised to 0 to 255.
    case vggishPCA = "vggish-pca"

    /// The networks that end in a classifier: those that can be trained and computed in 8-bit integers.
    package static let classifiers = allCases.filter(\.hasClassifier)

    /// True if it is VGGish, whose embedding is its result.
    package var isVGGish: Bool { self == .vggish || self == .vggishPCA }
    /// True if its last layer gives a score for each class; false if its embedding is all that it gives.
    package var hasClassifier: Bool { !isVGGish }
    /// True if the log-mel patch is an input.
    package var readsMel: Bool { self != .waveEncoder }
    /// True if it begins with the MobileNet-v1 trunk.
    package var hasTrunk: Bool { readsMel && !isVGGish }
    /// True if the trunk's 1024 channels are projected to 256.
    package var hasProjection: Bool { hasTrunk && self != .yamnet }
    /// True if the second of raw samples is an input.
    package var hasEncoder: Bool { self == .waveEncoder || self == .leanMean || self == .lean }

    /// Number of values per chunk that the classifier reads, if there is one; they are also the chunk's embedding.
    package var headInputs: Int {
        switch self {
        case .vggish, .vggishPCA: VGGishShape.standard.embedding
        case .yamnet: YAMNetShape.embedding
        case .yamnetProjection, .waveEncoder: LEANShape.width
        case .leanMean, .lean: 2 * LEANShape.width
        }
    }
}

/// Sizes of the MobileNet-v1 trunk.
package enum YAMNetShape {
    /// Log-mel frames in a patch.
    package static let frames = 96
    /// Mel bands.
    package static let bands = 64
    /// Output channels of the first convolution, which has stride 2.
    package static let firstChannels = 32
    /// Channels of the last block, which are mean-pooled.
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

    /// The names of the layers whose output is bytes in 8-bit arithmetic, in order: `pw1`, `dw2`, `pw2` ... `pw13`.
    package static let byteLayers: [String] = ["pw1"] + (2...blocks.count).flatMap { ["dw\($0)", "pw\($0)"] }
}

/// Sizes of the wave encoder, the projection and the attention (LEAN, arXiv 2305.12712).
package enum LEANShape {
    /// Samples in a chunk: one second at 16 kHz.
    package static let samples = 16_000
    /// Time steps of the encoder, one for each window; windows do not overlap.
    package static let steps = 40
    /// Samples in a window: 25 ms.
    package static let window = 400
    /// Units in one direction of an LSTM layer.
    package static let hidden = 128
    /// Values of the input, forget, cell and output gates of all units.
    package static let gates = 4 * hidden
    /// Size of the projected embedding, of each encoder output and of the attention context.
    package static let width = 256
}
