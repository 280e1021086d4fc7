import Errors
import Files
import Foundation

/// The digest that a model file carries of itself, so that no flipped byte of it goes unseen.
///
/// The header's text `digest` is `sha256:` and 64 hexadecimal digits: SHA-256 of the file with these digits all `0`.
package enum ModelDigest {
    static let key = "digest"
    static let prefix = "sha256:"
    /// What stands in the file while its digest is taken.
    static let blank = prefix + String(repeating: "0", count: 64)

    /// SHA-256 of a whole file as it is, `sha256:` before it.
    ///
    /// - Throws: `ModelError.file` where it cannot be read.
    package static func ofFile(_ path: String) throws -> String {
        let file = try MappedFile(model: path)
        return file.withBytes { bytes in
            var hash = SHA256()
            hash.update(bytes)
            return prefix + hash.finish()
        }
    }

    /// SHA-256 of a model file without its recommended thresholds, `sha256:` before it: what a pipeline knows the model by.
    /// Thresholds change no score, so that giving a model others, or its first, leaves every cached score as it is.
    ///
    /// Of a file without thresholds it is that of the file as it is; of one with them, that of the file which this program
    /// would write without them, and so of the very file that they were put into.
    ///
    /// - Throws: `ModelError.file` where it cannot be read.
    package static func ofScores(_ path: String) throws -> String {
        guard let file = try? ModelFile(path: path), file.texts[ModelMetadata.thresholdsKey] != nil else {
            return try ofFile(path)
        }
        let texts = file.texts.filter { $0.key != ModelMetadata.thresholdsKey }
        var hash = SHA256()
        hash.update(try ModelFileWriter.head(of: file, texts: texts))
        file.withData { hash.update($0) }
        return prefix + hash.finish()
    }

    /// Takes the digest of a file whose own digits stand at a place.
    static func taken(_ bytes: UnsafeRawBufferPointer, digits: Range<Int>) -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<digits.lowerBound]))
        hash.update([UInt8](repeating: UInt8(ascii: "0"), count: digits.count))
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[digits.upperBound...]))
        return prefix + hash.finish()
    }

    /// Where the digits of a digest stand in a header, or nil.
    static func place(of digest: String, in header: UnsafeRawBufferPointer) -> Range<Int>? {
        guard digest.hasPrefix(prefix), digest.utf8.count == blank.utf8.count else { return nil }
        let wanted = Array("\"\(key)\":\"\(digest)\"".utf8)
        guard let found = Data(header).range(of: Data(wanted)) else { return nil }
        let end = found.upperBound - 1
        return end - 64..<end
    }
}
