import Errors
import Engines
import Foundation
import Models

/// Where a training stands after an epoch: weights, both moments of Adam, and what went before. One safetensors file.
package struct Checkpoint {
    /// What is kept beside the tensors.
    package struct State: Codable, Equatable, Sendable {
        package var options: TrainingOptions
        /// What the training started from; empty for random weights.
        package var initial: String
        /// Of the clips, labels and chunks that are trained on.
        package var data: UInt64
        /// Steps taken.
        package var step: Int
        package var history: [EpochRecord]
        /// Index in `history` of the epoch whose weights are the model; nil before the first.
        package var best: Int?
        /// True once early stopping has ended the training.
        package var hasStopped: Bool
    }

    private static let key = "training"
    private static let (first, second) = ("first/", "second/")

    /// Writes beside, syncs, renames: the file is always that of a whole epoch.
    ///
    /// - Throws: `ModelError` where it cannot be written.
    package static func write(
        _ state: State, parameters: ParameterBuffer, adam: Adam, metadata: ModelMetadata, to path: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let text = String(decoding: try encoder.encode(state), as: UTF8.self)
        var tensors: [ModelFileWriter.Tensor] = []
        for (prefix, buffer) in [("", parameters), (first, adam.first), (second, adam.second)] {
            for parameter in buffer.layout.parameters {
                tensors.append(
                    ModelFileWriter.Tensor(
                        name: prefix + parameter.name, shape: parameter.shape, floats: buffer.floats(parameter)))
            }
        }
        try ModelFileWriter.write(tensors: tensors, metadata: metadata, texts: [key: text], to: path)
    }

    /// What a checkpoint's file says, without its tensors.
    ///
    /// - Throws: `ModelError` or `TrainingError` where the file is no checkpoint.
    package static func state(path: String) throws -> (State, ModelFile) {
        let file = try ModelFile(path: path)
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let place = ErrorPlace(path, part: .metadata(key))
        guard let text = file.texts[key] else {
            throw TrainingError(.badInput, at: place, "it is missing, expected a checkpoint of 'earmark train'")
        }
        do {
            return (try decoder.decode(State.self, from: Data(text.utf8)), file)
        } catch {
            let reason = (error as? DecodingError)?.reason ?? "it cannot be decoded"
            throw TrainingError(.badInput, at: place, "\(reason), expected the state of 'earmark train'")
        }
    }

    /// Takes the tensors over.
    ///
    /// - Throws: `ModelError` where one is missing or not finite, or the file is not the one that was written.
    package static func read(_ file: ModelFile, into parameters: ParameterBuffer, adam: Adam) throws {
        for (prefix, buffer) in [("", parameters), (first, adam.first), (second, adam.second)] {
            for parameter in buffer.layout.parameters {
                buffer.set(
                    parameter, try file.floats(ParameterShape(prefix + parameter.name, parameter.shape)))
            }
        }
        try file.checkDigest()
    }
}
