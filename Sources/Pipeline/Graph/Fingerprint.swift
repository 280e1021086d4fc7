import Files

/// The identity of a piece of work: equal fingerprints mean equal results for equal input.
///
/// SHA-256 over length-prefixed fields, so that no two field lists collide by concatenation.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    package let hex: String

    package init(hex: String) { self.hex = hex }

    /// Hashes `fields` in order.
    package init(fields: [String]) {
        var hash = SHA256()
        for field in fields {
            let bytes = Array(field.utf8)
            hash.update(Array("\(bytes.count):".utf8))
            hash.update(bytes)
        }
        hex = hash.finish()
    }

    package var description: String { String(hex.prefix(12)) }
}
