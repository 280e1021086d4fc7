import Errors
import Files
import Foundation

/// The digest of a model file that the file itself carries, so that any flipped byte is detected.
///
/// The header's text `digest` is `sha256:` and 64 hexadecimal digits: the SHA-256 of the file with all these digits set
/// to `0`.
package enum ModelDigest {
    static let key = "digest"
    static let prefix = "sha256:"
    /// Placeholder for the digest while the file is hashed.
    static let blank = prefix + String(repeating: "0", count: 64)

    /// The SHA-256 of a whole file as it is, with the prefix `sha256:`. It is read block by block: another program may
    /// cut it short meanwhile.
    ///
    /// - Throws: `ModelError.file` if it cannot be read or is empty; `FileError` if the system has run out of a resource.
    package static func ofFile(_ path: String) throws -> String {
        var hash = SHA256()
        var size = 0
        try ModelError.reading(path) {
            try FileSystem.readBlocks(path) { block in
                hash.update(block)
                size += block.count
            }
        }
        guard size > 0 else { throw ModelError.file(path: path, reason: "the file is empty") }
        return prefix + hash.finish()
    }

    /// The SHA-256 of a model file without its recommended thresholds, with the prefix `sha256:`. A pipeline identifies
    /// its model by this digest. Thresholds change no score, so adding or changing them leaves every cached score
    /// valid.
    ///
    /// For a file without thresholds this is the digest of the file as it is. For a file with thresholds it is the
    /// digest of the file that this program would write without them, and so of the file to which they were added.
    ///
    /// For a model card it is the digest of what the card says about running the model, and of the model's files.
    ///
    /// - Throws: `ModelError` if the file cannot be read, or a card is wrong; `FileError` if the system has run out of a
    ///   resource.
    package static func ofScores(_ path: String) throws -> String {
        if ModelCard.isCard(path) { return try ModelCard(path: path).digest() }
        guard let file = try? ModelFile(path: path), file.texts[ModelMetadata.thresholdsKey] != nil else {
            return try ofFile(path)
        }
        let texts = file.texts.filter { $0.key != ModelMetadata.thresholdsKey }
        var hash = SHA256()
        hash.update(try ModelFileWriter.head(of: file, texts: texts))
        file.withData { hash.update($0) }
        return prefix + hash.finish()
    }

    /// Computes the digest of a file with the bytes at `digits`, where its own digest is, replaced by zeros.
    static func taken(_ bytes: UnsafeRawBufferPointer, digits: Range<Int>) -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<digits.lowerBound]))
        hash.update([UInt8](repeating: UInt8(ascii: "0"), count: digits.count))
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[digits.upperBound...]))
        return prefix + hash.finish()
    }

    /// The position of a digest's 64 digits in a header; nil if the header does not contain the digest.
    static func place(of digest: String, in header: UnsafeRawBufferPointer) -> Range<Int>? {
        guard digest.hasPrefix(prefix), digest.utf8.count == blank.utf8.count else { return nil }
        let wanted = Array("\"\(key)\":\"\(digest)\"".utf8)
        guard let found = Data(header).range(of: Data(wanted)) else { return nil }
        let end = found.upperBound - 1
        return end - 64..<end
    }
}
