import Errors
import Files

/// A safetensors file, mapped for reading: an 8-byte header length, a JSON header and the tensors' bytes end to end.
///
/// Nothing in it is trusted: lengths, offsets, shapes and types are checked before they are used.
package final class TensorFile: Sendable {
    package let path: String
    package let tensors: [String: ModelTensor]
    /// The texts of the header.
    package let texts: [String: String]
    private let mapped: MappedFile
    private let dataStart: Int

    /// - Throws: `ModelError` if the file is unreadable, cut short or not safetensors; `FileError` if the system has run
    ///   out of a resource.
    package init(path: String) throws {
        self.path = path
        mapped = try MappedFile(model: path)
        if let foreign = mapped.withBytes(ForeignModel.init) {
            throw ModelError.file(path: path, reason: foreign.advice(path))
        }
        let (header, start) = try ModelHeader.read(mapped, path: path)
        dataStart = start
        tensors = header.tensors
        texts = header.texts
    }

    /// Size of the file in bytes.
    package var size: Int { mapped.size }

    /// Checks the whole file against the digest that it carries. A file without a digest, as another program may write
    /// it, passes. Call this after all other checks, because an error that names a tensor says more.
    ///
    /// - Throws: `ModelError.metadata` if the file has changed since it was written.
    package func checkDigest() throws {
        guard let digest = texts[ModelDigest.key] else {
            // A flipped byte in the key `digest` must not switch the check off.
            guard
                let key = texts.first(where: {
                    $0.key != HeadMetadata.baseKey && $0.value.hasPrefix(ModelDigest.prefix)
                })?
                .key
            else { return }
            throw ModelError.metadata(path: path, key: key, reason: "holds a digest; expected it in 'digest'")
        }
        let found = mapped.withBytes { bytes in
            ModelDigest.place(of: digest, in: UnsafeRawBufferPointer(rebasing: bytes[..<dataStart])).map {
                ModelDigest.taken(bytes, digits: $0)
            }
        }
        guard found == digest else {
            throw ModelError.metadata(
                path: path, key: ModelDigest.key,
                reason: "the file is not what was written: found \(found?.prefix(23) ?? "no digest of this form"), "
                    + "expected \(digest.prefix(23))")
        }
    }

    /// Calls `body` with the stored bytes of all tensors, end to end.
    func withData<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try mapped.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[dataStart...])) }
    }

    /// The tensor's stored bytes.
    func bytes(of tensor: ModelTensor) -> [UInt8] {
        mapped.withBytes { Array($0[dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound]) }
    }

    /// The tensor's stored elements as floats, not multiplied by any scale.
    func floats(of tensor: ModelTensor) -> [Float] {
        let range = dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound
        return mapped.withBytes { tensor.type.floats(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
