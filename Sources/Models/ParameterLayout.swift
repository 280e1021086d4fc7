/// Name and shape of one parameter of a network.
package struct ParameterShape: Sendable, Equatable {
    /// For example `pw3/w`.
    package let name: String
    /// Row-major; a weight's last axis is its output channel.
    package let shape: [Int]
    /// Product of `shape`.
    package var count: Int { shape.reduce(1, *) }

    /// - Parameter shape: row-major.
    package init(_ name: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}

/// All parameters of an architecture with a given number of classes, in the order of the forward pass.
///
/// Weights are laid out (inputs, outputs): `conv/w` (9, 32), `dwN/w` (9, channels), `pwN/w` (in, out), `projection/w`
/// (1024, 256), `encoderL/{forward,backward}/w` (in, 512), `.../u` (128, 512), `.../b` (512) with gates in the order
/// input, forget, cell, output, `head/w` (in, classes). Batch normalisation is folded into weights and biases. VGGish's
/// are those of `VGGishShape`, then `pca/w` (128, 128), the eigenvectors' transpose, and `pca/b`, minus the means' product
/// with it.
package struct ParameterLayout: Sendable, Equatable {
    package let architecture: Architecture
    package let classes: Int
    package let parameters: [ParameterShape]

    /// Lists the parameters of an architecture with `classes` classes.
    package init(architecture: Architecture, classes: Int) {
        self.architecture = architecture
        self.classes = classes
        var list: [ParameterShape] = []
        if architecture.hasTrunk { list += Self.trunk }
        if architecture.hasProjection { list += Self.dense("projection", YAMNetShape.embedding, LEANShape.width) }
        if architecture.hasEncoder { list += Self.encoder }
        if architecture.isVGGish { list += VGGishShape.standard.parameters }
        if architecture == .vggishPCA { list += Self.dense("pca", architecture.headInputs, architecture.headInputs) }
        if architecture.hasClassifier { list += Self.dense("head", architecture.headInputs, classes) }
        parameters = list
    }

    /// Number of values in all parameters together.
    package var count: Int { parameters.reduce(0) { $0 + $1.count } }

    /// The parameter of that name, if the architecture has it.
    package subscript(name: String) -> ParameterShape? { parameters.first { $0.name == name } }

    private static var trunk: [ParameterShape] {
        var list = [ParameterShape("conv/w", [9, 32]), ParameterShape("conv/b", [32])]
        for (index, block) in YAMNetShape.blocks.enumerated() {
            list += [
                ParameterShape("dw\(index + 1)/w", [9, block.inputs]),
                ParameterShape("dw\(index + 1)/b", [block.inputs]),
            ]
            list += dense("pw\(index + 1)", block.inputs, block.outputs)
        }
        return list
    }

    private static var encoder: [ParameterShape] {
        var list: [ParameterShape] = []
        for (level, inputs) in [(1, LEANShape.window), (2, 2 * LEANShape.hidden)] {
            for direction in ["forward", "backward"] {
                let prefix = "encoder\(level)/\(direction)"
                list += [
                    ParameterShape("\(prefix)/w", [inputs, LEANShape.gates]),
                    ParameterShape("\(prefix)/u", [LEANShape.hidden, LEANShape.gates]),
                    ParameterShape("\(prefix)/b", [LEANShape.gates]),
                ]
            }
        }
        return list
    }

    private static func dense(_ name: String, _ inputs: Int, _ outputs: Int) -> [ParameterShape] {
        [ParameterShape("\(name)/w", [inputs, outputs]), ParameterShape("\(name)/b", [outputs])]
    }
}
