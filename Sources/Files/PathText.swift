/// File names as text, without losing a byte.
///
/// A path on Linux can be any bytes; a `String` is valid Unicode. A byte that is not part of valid UTF-8 becomes the
/// private-use character U+EF00 + byte (U+EF80 to U+EFFF). A private-use character of that range that really is in a
/// name is escaped byte by byte in the same way, so `bytes(text(b))` is `b` for all bytes. To open a file named by such
/// a text, use the bytes, not the text.
package enum PathText {
    /// The text of a path's bytes.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        if let plain = String(validating: bytes, as: UTF8.self), !hasEscapes(bytes) { return plain }
        var out = String.UnicodeScalarView()
        var index = 0
        while index < bytes.count {
            if let (scalar, length) = scalar(bytes, at: index), !escapes.contains(scalar.value) {
                out.append(scalar)
                index += length
            } else {
                // U+EF80 to U+EFFF exist for every byte of 0x80 and above, and only those come here.
                Unicode.Scalar(UInt32(0xEF00) + UInt32(bytes[index])).map { out.append($0) }
                index += 1
            }
        }
        return String(out)
    }

    /// The bytes a path's text stands for.
    package static func bytes(_ text: String) -> [UInt8] {
        let utf8 = Array(text.utf8)
        if !hasEscapes(utf8) { return utf8 }
        var out: [UInt8] = []
        for scalar in text.unicodeScalars {
            if escapes.contains(scalar.value) {
                out.append(UInt8(scalar.value - 0xEF00))
            } else {
                out.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            }
        }
        return out
    }

    /// Whether text and bytes differ, so that the text must not be used to open the file.
    package static func isEscaped(_ text: String) -> Bool { hasEscapes(Array(text.utf8)) }

    private static let escapes: ClosedRange<UInt32> = 0xEF80...0xEFFF

    /// U+EF80 to U+EFFF are EE BE 80 to EE BF BF.
    private static func hasEscapes(_ utf8: [UInt8]) -> Bool {
        guard utf8.contains(0xEE) else { return false }
        return (0..<max(0, utf8.count - 2)).contains { utf8[$0] == 0xEE && utf8[$0 + 1] & 0xFE == 0xBE }
    }

    /// The scalar that starts at a place, if the bytes there are valid UTF-8.
    private static func scalar(_ bytes: [UInt8], at index: Int) -> (Unicode.Scalar, Int)? {
        let lead = bytes[index]
        let length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard index + length <= bytes.count,
            let text = String(validating: bytes[index..<index + length], as: UTF8.self),
            let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1
        else { return nil }
        return (scalar, length)
    }
}
