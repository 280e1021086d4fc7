import Errors
import Files
import Foundation
import Wording

/// One tensor of a model file: its type, its shape and the position of its bytes.
package struct ModelTensor: Sendable, Equatable {
    package let type: TensorType
    package let shape: [Int]
    /// Range of bytes in the data part, which starts after the header.
    package let range: Range<Int>
}

/// The header of a safetensors file: a JSON object of tensors, with texts under `__metadata__`.
struct ModelHeader {
    var tensors: [String: ModelTensor] = [:]
    var texts: [String: String] = [:]

    /// Size in bytes of the longest header that is accepted; a header with 100,000 classes is shorter.
    static let longest = 16 << 20

    /// Reads the header of a safetensors file, whatever its texts say.
    ///
    /// - Returns: the header, and the byte at which the data begins.
    /// - Throws: `ModelError` if the file is cut short, is not safetensors, or a tensor is invalid.
    static func read(_ mapped: MappedFile, path: String) throws -> (header: ModelHeader, dataStart: Int) {
        let size = mapped.size
        guard size >= 8 else {
            throw ModelError.file(
                path: path, reason: "\(counted(size, "byte")); a model file starts with an 8-byte length")
        }
        let length = mapped.withBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length >= 2, length <= UInt64(longest) else {
            throw ModelError.file(
                path: path, reason: "header of \(length) bytes; expected 2 to \(longest) (not safetensors?)")
        }
        guard Int(length) <= size - 8 else {
            throw ModelError.file(
                path: path, reason: "header of \(length) bytes in a file of \(size) (cut short, or not safetensors)")
        }
        let start = 8 + Int(length)
        let json = mapped.withBytes { Data($0[8..<start]) }
        return (try ModelHeader(json: json, dataSize: size - start, path: path), start)
    }

    /// Decodes a header and checks every tensor against the data part's size.
    ///
    /// - Throws: `ModelError` if the JSON is broken, a tensor's type, shape or offsets are invalid, or the tensors do
    ///   not fill the data exactly.
    init(json: Data, dataSize: Int, path: String) throws {
        let entries: Entries
        do {
            entries = try JSONDecoder().decode(Entries.self, from: json)
        } catch let error as BrokenEntry {
            throw ModelError.tensor(path: path, tensor: error.name, reason: "header entry: \(error.reason)")
        } catch {
            throw ModelError.file(path: path, reason: "the header is not a JSON object of tensors")
        }
        texts = entries.texts
        for (name, entry) in entries.tensors {
            tensors[name] = try Self.tensor(name, entry, dataSize: dataSize, path: path)
        }
        try checkCoverage(dataSize: dataSize, path: path)
    }

    private static func tensor(_ name: String, _ entry: Entry, dataSize: Int, path: String) throws -> ModelTensor {
        func wrong(_ reason: String) -> ModelError { .tensor(path: path, tensor: name, reason: reason) }
        guard let type = TensorType(rawValue: entry.dtype) else {
            let names = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
            throw wrong("type '\(entry.dtype.prefix(20))'; expected one of \(names)")
        }
        guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1] else {
            throw wrong("data_offsets \(entry.offsets.prefix(4)); expected a start and an end that is not before it")
        }
        guard entry.offsets[1] <= dataSize else {
            throw wrong("ends at byte \(entry.offsets[1]) of the data; the file has \(dataSize) (cut short?)")
        }
        var bytes = type.size
        for size in entry.shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else { throw wrong("shape \(entry.shape.prefix(8)) is impossible") }
            bytes = product
        }
        let found = entry.offsets[1] - entry.offsets[0]
        guard bytes == found else {
            throw wrong(
                "shape \(entry.shape.prefix(8)) of \(type.rawValue) is \(counted(bytes, "byte")); its offsets span \(found)"
            )
        }
        return ModelTensor(type: type, shape: entry.shape, range: entry.offsets[0]..<entry.offsets[1])
    }

    /// Checks that the tensors lie end to end and fill the data, without overlaps or hidden gaps.
    private func checkCoverage(dataSize: Int, path: String) throws {
        var end = 0
        let ordered = tensors.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
                < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
        }
        for (name, tensor) in ordered {
            let start = tensor.range.lowerBound
            guard start == end else {
                let how = start < end ? "overlaps the tensor before it" : "leaves a gap after the tensor before it"
                throw ModelError.tensor(
                    path: path, tensor: name, reason: "\(how): starts at byte \(start) of the data, expected \(end)")
            }
            end = tensor.range.upperBound
        }
        guard end == dataSize else {
            throw ModelError.file(path: path, reason: "\(counted(dataSize - end, "byte")) after the last tensor")
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]
        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private struct Entries: Decodable {
        var tensors: [String: Entry] = [:]
        var texts: [String: String] = [:]

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                do {
                    if key.stringValue == "__metadata__" {
                        texts = try container.decode([String: String].self, forKey: key)
                    } else {
                        tensors[key.stringValue] = try container.decode(Entry.self, forKey: key)
                    }
                } catch {
                    throw BrokenEntry(name: key.stringValue, reason: Self.reason(error))
                }
            }
        }

        private static func reason(_ error: any Error) -> String {
            guard case DecodingError.keyNotFound(let key, _) = error else {
                return "expected {dtype: text, shape: [integers], data_offsets: [start, end]}, or texts only"
            }
            return "'\(key.stringValue)' is missing"
        }
    }

    /// A fault in one entry, thrown where the file's name is not known.
    private struct BrokenEntry: Error {
        let name: String
        let reason: String
    }
}
