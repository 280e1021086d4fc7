import Errors
import Files

/// A head's file, mapped for reading: safetensors with the metadata of a head and F32 tensors.
package final class HeadFile: Sendable {
    package let metadata: HeadMetadata
    private let file: TensorFile

    package var path: String { file.path }
    /// Size of the file in bytes.
    package var size: Int { file.size }

    /// - Throws: `ModelError` if the file is unreadable, cut short or not a head; `FileError` if the system has run out
    ///   of a resource.
    package init(path: String) throws {
        file = try TensorFile(path: path)
        metadata = try HeadMetadata(texts: file.texts, path: path)
    }

    /// Whether a file's header says that it is a head. False if the file cannot be read.
    package static func isOne(_ path: String) -> Bool {
        (try? TensorFile(path: path))?.texts[HeadMetadata.architectureKey] == HeadMetadata.architecture
    }

    /// All parameters by name, after checking that they are exactly those of the metadata, and the whole file against its
    /// digest.
    ///
    /// - Throws: `ModelError.tensor` for one that is missing, unexpected, of another shape or type, or has a value that is
    ///   not finite; `ModelError.metadata` if the file has changed since it was written.
    package func parameters() throws -> [String: [Float]] {
        func wrong(_ tensor: String, _ reason: String) -> ModelError {
            .tensor(path: path, tensor: tensor, reason: reason)
        }
        var found: [String: [Float]] = [:]
        for parameter in metadata.parameters {
            guard let tensor = file.tensors[parameter.name] else {
                throw wrong(parameter.name, "missing; this head has it")
            }
            guard tensor.shape == parameter.shape else {
                throw wrong(parameter.name, "shape \(tensor.shape.prefix(8)); expected \(parameter.shape)")
            }
            guard tensor.type == .f32 else {
                throw wrong(parameter.name, "\(tensor.type.rawValue); expected \(TensorType.f32.rawValue)")
            }
            let values = file.floats(of: tensor)
            if let index = values.firstIndex(where: { !$0.isFinite }) {
                throw wrong(parameter.name, "value \(index) is \(values[index]); expected a finite number")
            }
            found[parameter.name] = values
        }
        if let name = file.tensors.keys.filter({ found[$0] == nil }).min() {
            throw wrong(name, "not a tensor of this head")
        }
        try file.checkDigest()
        return found
    }

    /// Checks a whole file by reading it as a run would, without its base.
    ///
    /// - Throws: `FileError` or `ModelError` if anything about the file is wrong.
    package static func verify(path: String) throws { _ = try HeadFile(path: path).parameters() }

    /// Writes a head's file. Equal contents give equal bytes.
    ///
    /// - Parameter parameters: those of `metadata.parameters`, by name.
    /// - Throws: `ModelError.tensor` if a parameter is missing or has another size; `FileError` if the file cannot be
    ///   written.
    package static func write(parameters: [String: [Float]], metadata: HeadMetadata, to path: String) throws {
        let tensors = try metadata.parameters.map { parameter in
            guard let values = parameters[parameter.name], values.count == parameter.count else {
                throw ModelError.tensor(
                    path: path, tensor: parameter.name,
                    reason: "\(parameters[parameter.name]?.count ?? 0) values; expected \(parameter.count)")
            }
            return ModelFileWriter.Tensor(name: parameter.name, shape: parameter.shape, floats: values)
        }
        try ModelFileWriter.write(tensors: tensors, texts: try metadata.texts(), to: path)
    }
}
