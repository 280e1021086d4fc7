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
    /// - Throws: `NetworkError.file` where it cannot be read.
    package static func ofFile(_ path: String) throws -> String {
        let file = try MappedFile(model: path)
        return file.withBytes { bytes in
            var hash = SHA256()
            hash.update(bytes)
            return prefix + hash.finish()
        }
    }

    /// Takes the digest of a file whose own digits stand at a place.
    static func taken(_ bytes: UnsafeRawBufferPointer, digits: Range<Int>) -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<digits.lowerBound]))
        hash.update([UInt8](repeating: UInt8(ascii: "0"), count: digits.count))
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[digits.upperBound...]))
        return prefix + hash.finish()
    }

    /// The digest of a file of these parts, whose own digits are blank.
    static func of(_ parts: [[UInt8]]) -> String {
        var hash = SHA256()
        for part in parts { hash.update(part) }
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
