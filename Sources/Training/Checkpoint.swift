import Errors
import Engines
import Foundation
import Models

/// The state of a training run after an epoch: weights, both moments of Adam, the average of the weights if there is
/// one, and the history so far. One safetensors file.
package struct Checkpoint {
    /// The state that is stored next to the tensors.
    package struct State: Codable, Equatable, Sendable {
        package var options: TrainingOptions
        /// The model file that training started from; empty for random weights.
        package var initial: String
        /// The identity of the clips, labels and chunks used for training and validation.
        package var data: UInt64
        /// The number of steps taken.
        package var step: Int
        package var history: [EpochRecord]
        /// The index in `history` of the epoch whose weights are in the model file; nil before the first epoch.
        package var best: Int?
        /// True once early stopping has ended the training.
        package var hasStopped: Bool
        /// The number of weights in the average so far; nil without averaging.
        package var averaged: Int?
    }

    private static let key = "training"
    private static let (first, second, average) = ("first/", "second/", "average/")

    private static func buffers(
        _ parameters: ParameterBuffer, _ adam: Adam, _ average: WeightAverage?
    ) -> [(prefix: String, buffer: ParameterBuffer)] {
        [("", parameters), (first, adam.first), (second, adam.second)]
            + (average.map { [(Self.average, $0.values)] } ?? [])
    }

    /// Writes the checkpoint to a temporary file, syncs it and renames it, so the file always holds a complete epoch.
    ///
    /// - Throws: `ModelError` if it cannot be written.
    package static func write(
        _ state: State, parameters: ParameterBuffer, adam: Adam, average: WeightAverage? = nil,
        metadata: ModelMetadata, to path: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let text = String(decoding: try encoder.encode(state), as: UTF8.self)
        var tensors: [ModelFileWriter.Tensor] = []
        for (prefix, buffer) in buffers(parameters, adam, average) {
            for parameter in buffer.layout.parameters {
                tensors.append(
                    ModelFileWriter.Tensor(
                        name: prefix + parameter.name, shape: parameter.shape, floats: buffer.floats(parameter)))
            }
        }
        try ModelFileWriter.write(tensors: tensors, metadata: metadata, texts: [key: text], to: path)
    }

    /// Reads a checkpoint's state without its tensors.
    ///
    /// - Throws: `ModelError` or `TrainingError` if the file is not a checkpoint.
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

    /// Copies the tensors into the parameters, the moments and the average.
    ///
    /// - Throws: `ModelError` if a tensor is missing or not finite, or if the file is not as it was written.
    package static func read(
        _ file: ModelFile, into parameters: ParameterBuffer, adam: Adam, average: WeightAverage? = nil
    ) throws {
        for (prefix, buffer) in buffers(parameters, adam, average) {
            for parameter in buffer.layout.parameters {
                buffer.set(
                    parameter, try file.floats(ParameterShape(prefix + parameter.name, parameter.shape)))
            }
        }
        try file.checkDigest()
    }
}
