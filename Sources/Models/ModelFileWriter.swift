import Files
import Foundation

/// Writes model files as `OutputFile` does, so that none is ever half there.
package enum ModelFileWriter {
    /// One tensor and its little-endian bytes.
    package struct Tensor: Sendable {
        package let name: String
        package let type: TensorType
        package let shape: [Int]
        package let bytes: [UInt8]

        /// - Parameters:
        ///   - shape: row-major.
        ///   - bytes: little-endian, as many as type and shape ask for.
        package init(name: String, type: TensorType, shape: [Int], bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }

        /// An F32 tensor.
        package init(name: String, shape: [Int], floats: [Float]) {
            self.init(name: name, type: .f32, shape: shape, bytes: floats.withUnsafeBytes { Array($0) })
        }
    }

    /// Writes F32 parameters of the metadata's architecture.
    ///
    /// - Throws: `NetworkError` when a parameter is missing or of another size, or the file cannot be written.
    package static func write(parameters: [String: [Float]], metadata: ModelMetadata, to path: String) throws {
        let layout = ParameterLayout(architecture: metadata.architecture, classes: metadata.classes.count)
        let tensors = try layout.parameters.map { parameter in
            guard let values = parameters[parameter.name], values.count == parameter.count else {
                throw NetworkError.tensor(
                    path: path, tensor: parameter.name,
                    reason: "\(parameters[parameter.name]?.count ?? 0) values; expected \(parameter.count)")
            }
            return Tensor(name: parameter.name, shape: parameter.shape, floats: values)
        }
        try write(tensors: tensors, metadata: metadata, to: path)
    }

    /// Writes tensors in the order given, end to end.
    ///
    /// - Parameter texts: more texts for the header, beside those of the metadata.
    /// - Throws: `NetworkError.writing` when the file cannot be written.
    package static func write(
        tensors: [Tensor], metadata: ModelMetadata, texts: [String: String] = [:], to path: String
    ) throws {
        var all = texts.merging(try metadata.texts()) { $1 }
        all[ModelDigest.key] = ModelDigest.blank
        var entries: [String: HeaderValue] = ["__metadata__": .texts(all)]
        var end = 0
        for tensor in tensors {
            let start = end
            end += tensor.bytes.count
            entries[tensor.name] = .tensor(
                Entry(dtype: tensor.type.rawValue, shape: tensor.shape, dataOffsets: [start, end]))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = Array(try encoder.encode(entries))
        // Data on an 8-byte boundary, as the format asks; blanks are part of the JSON text.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var length = UInt64(header.count).littleEndian
        let prefix = withUnsafeBytes(of: &length) { Array($0) }
        try replace(path, with: [prefix, sealed(header, prefix, tensors)] + tensors.map(\.bytes))
    }

    /// The header with the digest of the whole file in the place kept for it.
    private static func sealed(_ header: [UInt8], _ prefix: [UInt8], _ tensors: [Tensor]) -> [UInt8] {
        let digest = ModelDigest.of([prefix, header] + tensors.map(\.bytes))
        guard let place = header.withUnsafeBytes({ ModelDigest.place(of: ModelDigest.blank, in: $0) }) else {
            preconditionFailure("a header without the place for its digest")
        }
        var header = header
        header.replaceSubrange(place, with: digest.utf8.suffix(place.count))
        return header
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
        do {
            try OutputFile.write(Array(path.utf8)) { put in for part in parts { try put(part[...]) } }
        } catch let failure as OutputFile.Failure {
            throw NetworkError.writing(path: path == "-" ? "standard output" : path, reason: failure.reason)
        }
    }
}
