import Errors
import Engines
import Models

/// The weights that training starts from.
package enum Initialization {
    /// Random ones: He's uniform for the trunk's convolutions (arXiv 1502.01852), Glorot's for projection and classifier (AISTATS
    /// 2010), 1 / sqrt(units) for the LSTM, whose forget gates start open with a bias of 1; other biases are 0.
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

    /// Takes over from a model file every parameter of the same name and shape; the classifier only where classes and
    /// architecture are the same: it reads an embedding of just that network.
    ///
    /// - Returns: how many parameters were taken over.
    /// - Throws: `ModelError` where the file is not sound, `TrainingError` where nothing of it fits.
    package static func take(from path: String, into parameters: ParameterBuffer, classes: [String]) throws -> Int {
        let file = try ModelFile(path: path)
        try file.checkLayout()
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
}
