import Errors
import Engines
import Models

/// The weights that training starts from.
package enum Initialization {
    /// Sets random weights: He's uniform initialisation for the trunk's convolutions (arXiv 1502.01852), Glorot's for
    /// projection and classifier (AISTATS 2010), 1 / sqrt(units) for the LSTM. The LSTM's forget gates start open, with
    /// a bias of 1; all other biases are 0.
    package static func fill(_ parameters: ParameterBuffer, seed: UInt64) {
        for (index, parameter) in parameters.layout.parameters.enumerated() {
            var random = SeededRandom(seed: seed, 2, UInt64(index))
            var values = [Float](repeating: 0, count: parameter.count)
            if parameter.shape.count == 2 {
                let bound = bound(parameter)
                for place in values.indices { values[place] = random.uniform(within: bound) }
            } else if parameter.name.hasPrefix("encoder") {
                for place in LEANShape.hidden..<2 * LEANShape.hidden { values[place] = 1 }
            }
            parameters.set(parameter, values)
        }
    }

    private static func bound(_ parameter: ParameterShape) -> Float {
        let (inputs, outputs) = (Float(parameter.shape[0]), Float(parameter.shape[1]))
        if parameter.name.hasPrefix("encoder") { return 1 / Float(LEANShape.hidden).squareRoot() }
        if parameter.name.hasPrefix("projection") || parameter.name.hasPrefix("head") {
            return (6 / (inputs + outputs)).squareRoot()
        }
        return (6 / inputs).squareRoot()
    }

    /// Copies every parameter of the same name and shape from a model file. The classifier is copied only if classes
    /// and architecture are the same, because it reads the embedding of that particular network.
    ///
    /// - Returns: the number of parameters copied.
    /// - Throws: `ModelError` if the file is not valid, `TrainingError` if none of its parameters fits, or if its wave
    ///   encoder was trained with other scales.
    package static func take(from path: String, into parameters: ParameterBuffer, for metadata: ModelMetadata) throws
        -> Int
    {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        let classes = metadata.classes
        try checkScales(file.metadata, metadata, path)
        var taken = 0
        for parameter in parameters.layout.parameters {
            if parameter.name.hasPrefix("head/"),
                file.metadata.classes != classes || file.metadata.architecture != parameters.layout.architecture
            {
                continue
            }
            guard let tensor = file.tensors[parameter.name], tensor.shape == parameter.shape else { continue }
            parameters.set(parameter, try file.floats(parameter))
            taken += 1
        }
        try file.checkDigest()
        guard taken > 0 else {
            throw TrainingError(
                .badInput, at: ErrorPlace(path),
                "architecture '\(file.metadata.architecture.rawValue)' shares no parameter with "
                    + "'\(parameters.layout.architecture.rawValue)', expected one that does")
        }
        return taken
    }

    /// - Throws: `TrainingError` if both networks have a wave encoder, and its samples or its attention are scaled
    ///   differently: the weights would mean something else.
    private static func checkScales(_ found: ModelMetadata, _ asked: ModelMetadata, _ path: String) throws {
        guard found.architecture.hasEncoder, asked.architecture.hasEncoder else { return }
        let isSameAttention =
            found.architecture != .lean || asked.architecture != .lean || found.attentionScale == asked.attentionScale
        guard found.waveScale != asked.waveScale || !isSameAttention else { return }
        throw TrainingError(
            .usage, at: ErrorPlace(path),
            "its weights are of --wave-scale \(found.waveScale.rawValue) and --attention-scale \(found.attentionScale), "
                + "expected \(asked.waveScale.rawValue) and \(asked.attentionScale), as asked for here")
    }
}
