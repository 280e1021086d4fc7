import Errors
import Files
import Foundation

/// Writes model files by way of `OutputFile`, so that no half-written file is ever left.
package enum ModelFileWriter {
    /// One tensor with its little-endian bytes.
    package struct Tensor: Sendable {
        package let name: String
        package let type: TensorType
        package let shape: [Int]
        package let bytes: [UInt8]

        /// - Parameters:
        ///   - shape: row-major.
        ///   - bytes: little-endian, as many as the type and shape require.
        package init(name: String, type: TensorType, shape: [Int], bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }

        /// Makes an F32 tensor.
        package init(name: String, shape: [Int], floats: [Float]) {
            self.init(name: name, type: .f32, shape: shape, bytes: floats.withUnsafeBytes { Array($0) })
        }
    }

    /// Writes the parameters of the metadata's architecture as F32.
    ///
    /// - Throws: `ModelError` if a parameter is missing or has another size; `FileError` if the file cannot be written.
    package static func write(parameters: [String: [Float]], metadata: ModelMetadata, to path: String) throws {
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        let tensors = try layout.parameters.map { parameter in
            guard let values = parameters[parameter.name], values.count == parameter.count else {
                throw ModelError.tensor(
                    path: path, tensor: parameter.name,
                    reason: "\(parameters[parameter.name]?.count ?? 0) values; expected \(parameter.count)")
            }
            return Tensor(name: parameter.name, shape: parameter.shape, floats: values)
        }
        try write(tensors: tensors, metadata: metadata, to: path)
    }

    /// Writes tensors in the order given, end to end.
    ///
    /// - Parameter texts: additional texts for the header; the metadata's own take precedence.
    /// - Throws: `FileError` if the file cannot be written.
    package static func write(
        tensors: [Tensor], metadata: ModelMetadata, texts: [String: String] = [:], to path: String
    ) throws {
        try write(tensors: tensors, texts: texts.merging(try metadata.texts()) { $1 }, to: path)
    }

    /// Writes tensors in the order given, end to end, with just these texts in the header.
    ///
    /// - Throws: `FileError` if the file cannot be written.
    static func write(tensors: [Tensor], texts: [String: String], to path: String) throws {
        var entries: [String: Entry] = [:]
        var end = 0
        for tensor in tensors {
            let start = end
            end += tensor.bytes.count
            entries[tensor.name] = Entry(dtype: tensor.type.rawValue, shape: tensor.shape, dataOffsets: [start, end])
        }
        let head = try head(entries, texts: texts) { hash in
            for tensor in tensors { tensor.bytes.withUnsafeBytes { hash.update($0) } }
        }
        try replace(path, with: [head] + tensors.map(\.bytes))
    }

    /// Rewrites a model file with other recommended thresholds. Its tensors stay the same byte for byte, and its other
    /// texts are kept.
    ///
    /// - Parameter thresholds: by class, 0 to 1; an empty dictionary removes those of the file.
    /// - Throws: `ModelError` if the file is damaged, or if a threshold is out of range or for a class that the model
    ///   does not have; `FileError` if the output cannot be written.
    package static func rewrite(_ file: ModelFile, thresholds: [String: Double], to path: String) throws {
        try file.checkLayout()
        try file.checkDigest()
        var metadata = file.metadata
        metadata.thresholds = thresholds
        // The file's own texts are kept rather than encoded again from its metadata, so a text that this version would
        // write differently stays as it is.
        var texts = file.texts
        texts[ModelMetadata.thresholdsKey] = try metadata.texts()[ModelMetadata.thresholdsKey]
        _ = try ModelMetadata(texts: texts, path: file.path)
        let data = file.withData { Array($0) }
        try replace(path, with: [try head(of: file, texts: texts), data])
    }

    /// The length and header that this writer makes for the file's tensors with other texts.
    static func head(of file: ModelFile, texts: [String: String]) throws -> [UInt8] {
        let entries = file.tensors.mapValues {
            Entry(dtype: $0.type.rawValue, shape: $0.shape, dataOffsets: [$0.range.lowerBound, $0.range.upperBound])
        }
        return try head(entries, texts: texts) { hash in file.withData { hash.update($0) } }
    }

    /// The length and header of a file, including the digest of the whole file.
    ///
    /// - Parameter data: adds the tensors' bytes to the digest.
    private static func head(
        _ entries: [String: Entry], texts: [String: String], data: (inout SHA256) -> Void
    ) throws -> [UInt8] {
        var texts = texts
        texts[ModelDigest.key] = ModelDigest.blank
        var values = entries.mapValues { HeaderValue.tensor($0) }
        values["__metadata__"] = .texts(texts)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = Array(try encoder.encode(values))
        // The format requires the data to start on an 8-byte boundary; the padding spaces are part of the JSON text.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var length = UInt64(header.count).littleEndian
        let prefix = withUnsafeBytes(of: &length) { Array($0) }
        guard let place = header.withUnsafeBytes({ ModelDigest.place(of: ModelDigest.blank, in: $0) }) else {
            preconditionFailure("a header without the place for its digest")
        }
        var hash = SHA256()
        hash.update(prefix)
        hash.update(header)
        data(&hash)
        header.replaceSubrange(place, with: hash.finish().utf8)
        return prefix + header
    }

    private struct Entry: Encodable {
        let dtype: String
        let shape: [Int]
        let dataOffsets: [Int]
        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    private enum HeaderValue: Encodable {
        case texts([String: String])
        case tensor(Entry)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .texts(let texts): try texts.encode(to: encoder)
            case .tensor(let entry): try entry.encode(to: encoder)
            }
        }
    }

    private static func replace(_ path: String, with parts: [[UInt8]]) throws {
        try FileSystem.write(path) { put in for part in parts { try put(part[...]) } }
    }
}
