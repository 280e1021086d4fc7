import Features
import Errors
import Files
import Wording

/// An importer that makes a model file of Google's YAMNet in TensorFlow Lite format.
package enum YAMNetImporter {
    /// Reads the trunk and the classifier by following the operators, dequantises them to F32 and writes a model file.
    ///
    /// - Parameters:
    ///   - tflite: the TensorFlow Lite file.
    ///   - classes: its class map, a CSV file with the columns index, mid and display_name.
    ///   - path: the model file to write.
    ///   - sha256: the SHA-256 of the TensorFlow Lite file, kept in the model's metadata.
    /// - Throws: `ModelError` if a file is broken or holds another network; `FileError` if the model file cannot be
    ///   written.
    package static func importModel(tflite: String, classes: String, to path: String, sha256: String = "") throws {
        let map = try ClassMap(path: classes)
        let file = try MappedFile(model: tflite)
        let parameters: [String: [Float]]
        do {
            parameters = try file.withBytes { bytes in
                let buffer = FlatBuffer(bytes: bytes)
                guard buffer.identifier == "TFL3" else {
                    throw TFLiteError("not a TensorFlow Lite file (no 'TFL3' at byte 4)")
                }
                return try collect(try TFLiteGraph(buffer), classes: map.names.count)
            }
        } catch let error as TFLiteError {
            throw error.at(tflite)
        } catch let error as FlatBuffer.Malformed {
            throw ModelError.byte(
                path: tflite, byte: error.offset, reason: "points out of the file, which is broken or cut short")
        }
        for (name, values) in parameters.sorted(by: { $0.key < $1.key }) {
            guard values.allSatisfy(\.isFinite) else {
                throw ModelError.tensor(path: tflite, tensor: name, reason: "holds a value that is not finite")
            }
        }
        let metadata = ModelMetadata(
            architecture: .yamnet, normalization: .none, classes: map.names, classIDs: map.ids, licence: "Apache-2.0",
            source: "YAMNet by Google, TensorFlow Lite, dequantised", createdFrom: sha256)
        try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
    }

    /// The parameters of the chain of operators: 27 convolutions, the mean, then the classifier.
    private static func collect(_ graph: TFLiteGraph, classes: Int) throws -> [String: [Float]] {
        guard let first = graph.operations.firstIndex(where: { $0.kind == .convolution }) else {
            throw TFLiteError("has no convolution; not YAMNet")
        }
        var chain = graph.operations[first...]
        var parameters: [String: [Float]] = [:]
        var link = chain.first?.inputs.first

        /// Takes the next operator, which must be of this kind and read the output of the one before it.
        func next(_ kind: TFLiteGraph.Kind, _ name: String) throws -> TFLiteGraph.Operation {
            guard let operation = chain.popFirst(), operation.kind == kind, operation.inputs.first == link,
                operation.inputs.count >= 2
            else { throw TFLiteError("\(name): expected the operator \(kind) there; not YAMNet") }
            link = operation.outputs.first
            return operation
        }
        func take(_ kind: TFLiteGraph.Kind, _ name: String, shape: [Int], stride: Int32?, transposed: Bool) throws {
            let operation = try next(kind, name)
            guard operation.inputs.count >= 3 else { throw TFLiteError("\(name): has no bias") }
            if let stride, operation.strides != [stride, stride] {
                throw TFLiteError("\(name): strides \(operation.strides); expected \(stride)")
            }
            let weight = try graph.constant(operation.inputs[1])
            guard weight.shape == shape else {
                throw TFLiteError("\(name): shape \(weight.shape.prefix(8)); expected \(shape)")
            }
            let outputs = transposed ? shape[0] : shape[shape.count - 1]
            let bias = try graph.constant(operation.inputs[2])
            guard bias.values.count == outputs else {
                throw TFLiteError("\(name): \(counted(bias.values.count, "bias", "biases")); expected \(outputs)")
            }
            parameters["\(name)/w"] = transposed ? transpose(weight.values, rows: outputs) : weight.values
            parameters["\(name)/b"] = bias.values
        }

        try take(.convolution, "conv", shape: [YAMNetShape.firstChannels, 3, 3, 1], stride: 2, transposed: true)
        for (index, block) in YAMNetShape.blocks.enumerated() {
            try take(
                .depthwise, "dw\(index + 1)", shape: [1, 3, 3, block.inputs], stride: Int32(block.stride),
                transposed: false)
            try take(
                .convolution, "pw\(index + 1)", shape: [block.outputs, 1, 1, block.inputs], stride: 1, transposed: true)
        }
        _ = try next(.mean, "mean")
        try take(.fullyConnected, "head", shape: [classes, YAMNetShape.embedding], stride: nil, transposed: true)
        return parameters
    }

    /// Transposes (rows, columns) to (columns, rows).
    private static func transpose(_ values: [Float], rows: Int) -> [Float] {
        let columns = values.count / rows
        return [Float](unsafeUninitializedCapacity: values.count) { target, filled in
            for column in 0..<columns {
                for row in 0..<rows {
                    target.initializeElement(at: column * rows + row, to: values[row * columns + column])
                }
            }
            filled = values.count
        }
    }
}
