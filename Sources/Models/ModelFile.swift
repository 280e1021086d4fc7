import Errors
import Files

/// A model file of one of this program's networks, mapped for reading; see `TensorFile` for its form.
///
/// Nothing in it is trusted: lengths, offsets, shapes, types and values are checked before they are used.
package final class ModelFile: Sendable {
    package let path: String
    /// The tensors by name. An I8 tensor `NAME` needs a tensor `NAME/scale` with one value per output channel.
    package let tensors: [String: ModelTensor]
    package let metadata: ModelMetadata
    /// All texts of the header, including those of the metadata.
    package let texts: [String: String]
    private let file: TensorFile

    /// Suffix of the name of the tensor that holds an I8 tensor's scales.
    package static let scaleSuffix = "/scale"

    /// - Throws: `ModelError` if the file is unreadable, cut short or not a model file of this program; `FileError` if
    ///   the system has run out of a resource.
    package init(path: String) throws {
        self.path = path
        if ModelCard.isCard(path) {
            throw ModelError.file(
                path: path,
                reason: "a model card, expected an Earmark model file (safetensors): only such a network is "
                    + "trained, quantised or given thresholds here")
        }
        file = try TensorFile(path: path)
        tensors = file.tensors
        texts = file.texts
        metadata = try ModelMetadata(texts: file.texts, path: path)
    }

    /// See `TensorFile`.
    ///
    /// - Throws: `ModelError.metadata` if the file has changed since it was written.
    package func checkDigest() throws { try file.checkDigest() }

    /// Checks a whole file by reading it as a run would, and keeps nothing in memory.
    ///
    /// - Throws: `FileError` or `ModelError` if anything about the file is wrong.
    package static func verify(path: String) throws {
        let file = try ModelFile(path: path)
        try file.checkLayout()
        for parameter in file.layout.parameters { _ = try file.floats(parameter) }
        try file.checkDigest()
    }

    /// Size of the file in bytes.
    package var size: Int { file.size }

    /// True if weights are 8-bit integers.
    package var isQuantized: Bool { tensors.values.contains { $0.type == .i8 } }

    /// True if every weight matrix is stored as 8-bit integers, so that the file says all that 8-bit arithmetic needs.
    package var holdsIntegers: Bool {
        layout.parameters.allSatisfy { $0.shape.count != 2 || tensors[$0.name]?.type == .i8 }
    }

    /// The parameters that this file must have, given its architecture and number of classes.
    package var layout: ParameterLayout {
        ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
    }

    /// Checks that the tensors are exactly those of the file's architecture, by name and shape.
    ///
    /// - Throws: `ModelError.tensor` for the first that is missing, unexpected or of another shape.
    package func checkLayout() throws {
        var left = Set(tensors.keys)
        for parameter in layout.parameters {
            guard let tensor = tensors[parameter.name] else {
                throw wrong(parameter.name, "missing; '\(metadata.architecture.rawValue)' has it")
            }
            guard tensor.shape == parameter.shape else {
                throw wrong(parameter.name, "shape \(tensor.shape.prefix(8)); expected \(parameter.shape)")
            }
            left.remove(parameter.name)
            if tensor.type == .i8 { left.remove(parameter.name + Self.scaleSuffix) }
        }
        if let name = left.min() {
            throw wrong(name, "not a tensor of '\(metadata.architecture.rawValue)'")
        }
    }

    /// Checks that the network ends in a classifier.
    ///
    /// - Throws: `ModelError.metadata` if it gives embeddings only.
    package func requireClassifier() throws {
        guard metadata.architecture.hasClassifier else {
            throw ModelError.metadata(
                path: path, key: "architecture",
                reason: "'\(metadata.architecture.rawValue)' gives embeddings only; expected one of "
                    + Architecture.classifiers.map(\.rawValue).joined(separator: ", "))
        }
    }

    /// A parameter as floats; 8-bit integers are multiplied by their channel's scale.
    ///
    /// - Throws: `ModelError.tensor` if it is missing, has another shape, lacks its scales or has a value that is not
    ///   finite.
    package func floats(_ parameter: ParameterShape) throws -> [Float] {
        let name = parameter.name
        guard let tensor = tensors[name] else { throw wrong(name, "missing") }
        guard tensor.shape == parameter.shape else {
            throw wrong(name, "shape \(tensor.shape.prefix(8)); expected \(parameter.shape)")
        }
        var values = file.floats(of: tensor)
        if tensor.type == .i8 { try scale(&values, name, channels: parameter.shape.last ?? 1) }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw wrong(name, "value \(index) is \(values[index]); expected a finite number")
        }
        return values
    }

    /// A weight matrix as 8-bit integers: as it is stored, or rounded if it is stored as floats.
    ///
    /// - Throws: `ModelError.tensor` if it is missing, has another shape, lacks its scales or has a value or scale that
    ///   is not finite.
    package func quantized(_ parameter: ParameterShape) throws -> QuantizedTensor {
        let outputs = parameter.shape.last ?? 1
        guard let tensor = tensors[parameter.name], tensor.type == .i8 else {
            return QuantizedTensor(rounding: try floats(parameter), outputs: outputs)
        }
        guard tensor.shape == parameter.shape else {
            throw wrong(parameter.name, "shape \(tensor.shape.prefix(8)); expected \(parameter.shape)")
        }
        let scales = try scales(parameter.name, outputs: outputs)
        if let index = scales.firstIndex(where: { !$0.isFinite }) {
            throw wrong(
                parameter.name + Self.scaleSuffix, "value \(index) is \(scales[index]); expected a finite number")
        }
        return QuantizedTensor(
            integers: file.bytes(of: tensor).map { Int8(bitPattern: $0) }, scales: scales)
    }

    private func scale(_ values: inout [Float], _ name: String, channels: Int) throws {
        let scales = try scales(name, outputs: channels)
        for start in stride(from: 0, to: values.count, by: channels) {
            for channel in 0..<channels { values[start + channel] *= scales[channel] }
        }
    }

    /// The scales of an I8 tensor, one for each output.
    private func scales(_ name: String, outputs: Int) throws -> [Float] {
        let scaleName = name + Self.scaleSuffix
        guard let tensor = tensors[scaleName] else { throw wrong(scaleName, "missing; '\(name)' is of type I8") }
        guard tensor.shape == [outputs], tensor.type != .i8 else {
            throw wrong(scaleName, "\(tensor.type.rawValue) \(tensor.shape.prefix(8)); expected floats [\(outputs)]")
        }
        return file.floats(of: tensor)
    }

    /// Calls `body` with the stored bytes of all tensors, end to end.
    func withData<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try file.withData(body)
    }

    /// The tensor's stored bytes.
    func bytes(of tensor: ModelTensor) -> [UInt8] { file.bytes(of: tensor) }

    private func wrong(_ tensor: String, _ reason: String) -> ModelError {
        .tensor(path: path, tensor: tensor, reason: reason)
    }
}
