/// Sizes of VGGish (Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017, arXiv
/// 1609.09430, as its authors released it): groups of 3x3 convolutions, then dense layers down to the embedding.
///
/// Every convolution has stride 1, SAME padding and ReLU, and after each group of them 2x2 maxima halve the image. Dense
/// layers have ReLU, except the embedding's (`VGGishRelease`). The released network is `standard`; tests use narrower ones.
package struct VGGishShape: Sendable, Equatable {
    /// Log-mel frames in a patch.
    package static let frames = 96
    /// Mel bands.
    package static let bands = 64

    /// Output channels of the convolutions, group by group; each a multiple of 16.
    package let groups: [[Int]]
    /// Outputs of the dense layers before the embedding.
    package let dense: [Int]
    /// Number of values in the embedding.
    package let embedding: Int

    /// The released network: 72,141,184 parameters.
    package static let standard = VGGishShape(
        groups: [[64], [128], [256, 256], [512, 512]], dense: [4096, 4096], embedding: 128)

    /// - Parameters:
    ///   - groups: output channels, each a multiple of 16; at most five groups, as a patch can be halved five times.
    ///   - dense: outputs of the layers before the embedding.
    package init(groups: [[Int]], dense: [Int], embedding: Int) {
        precondition(groups.count <= 5 && groups.allSatisfy { $0.allSatisfy { $0 > 0 && $0 % 16 == 0 } })
        self.groups = groups
        self.dense = dense
        self.embedding = embedding
    }

    /// A 3x3 convolution of an image (height, width, inputs) to (height, width, outputs).
    package struct Convolution: Sendable, Equatable {
        /// As its authors call it: `conv1`, or `conv3_1` in a group of several.
        package let name: String
        package let height: Int
        package let width: Int
        package let inputs: Int
        package let outputs: Int
        /// True if it is the last of its group, whose output the maxima halve.
        package let isPooled: Bool
    }

    /// A dense layer.
    package struct Dense: Sendable, Equatable {
        /// As its authors call it: `fc1_1`, `fc1_2`, and `fc2` for the embedding.
        package let name: String
        package let inputs: Int
        package let outputs: Int
    }

    /// The convolutions in order.
    package var convolutions: [Convolution] {
        var list: [Convolution] = []
        var (height, width, inputs) = (Self.frames, Self.bands, 1)
        for (index, group) in groups.enumerated() {
            for (place, outputs) in group.enumerated() {
                let name = "conv\(index + 1)" + (group.count > 1 ? "_\(place + 1)" : "")
                list.append(
                    Convolution(
                        name: name, height: height, width: width, inputs: inputs, outputs: outputs,
                        isPooled: place == group.count - 1))
                inputs = outputs
            }
            (height, width) = (height / 2, width / 2)
        }
        return list
    }

    /// Number of values that the first dense layer reads: the last maxima (height, width, channels), in that order.
    package var flattened: Int {
        (Self.frames >> groups.count) * (Self.bands >> groups.count) * (groups.last?.last ?? 1)
    }

    /// The dense layers in order, the embedding's last.
    package var layers: [Dense] {
        var list: [Dense] = []
        var inputs = flattened
        for (index, outputs) in dense.enumerated() {
            list.append(Dense(name: "fc1_\(index + 1)", inputs: inputs, outputs: outputs))
            inputs = outputs
        }
        return list + [Dense(name: "fc2", inputs: inputs, outputs: embedding)]
    }

    /// All parameters in the order of the forward pass. A convolution's weight is (9 x inputs, outputs), its rows in the
    /// order of row, column and channel of the tap; a dense layer's is (inputs, outputs).
    package var parameters: [ParameterShape] {
        let sizes =
            convolutions.map { ($0.name, 9 * $0.inputs, $0.outputs) } + layers.map { ($0.name, $0.inputs, $0.outputs) }
        return sizes.flatMap { name, inputs, outputs in
            [ParameterShape("\(name)/w", [inputs, outputs]), ParameterShape("\(name)/b", [outputs])]
        }
    }
}

/// Whose embeddings a VGGish gives: the two published programs differ after the last dense layer.
package enum VGGishRelease: String, Sendable, CaseIterable {
    /// Google's: the embedding has no activation (README of tensorflow/models, research/audioset/vggish, since 2020), and
    /// quantising drops the fraction (`vggish_postprocess.py`).
    case google
    /// torchvggish's: ReLU follows the embedding, and quantising rounds to the nearest (`torchvggish/vggish.py`).
    case torchvggish

    /// The range of whitened values that is quantised to 0 to 255; values beyond are clipped.
    package static let range: ClosedRange<Float> = -2...2

    /// Quantises a whitened value to a whole number of 0 to 255; what is not a number stays so.
    package func quantised(_ value: Float) -> Float {
        guard !value.isNaN else { return value }
        let range = Self.range
        let steps = (min(max(value, range.lowerBound), range.upperBound) - range.lowerBound) * (255 / 4)
        return steps.rounded(self == .google ? .towardZero : .toNearestOrEven)
    }
}
