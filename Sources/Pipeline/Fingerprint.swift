import Crypto

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
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }
        hex = Fingerprint.hexadecimal(hash.finalize())
    }

    package var description: String { String(hex.prefix(12)) }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
