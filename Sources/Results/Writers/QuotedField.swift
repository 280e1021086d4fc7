import Files

/// A field of a table whose fields are separated by another character than a comma, quoted as RFC 4180 has it.
enum QuotedField {
    /// - Parameter text: `PathText` escapes become their bytes.
    static func bytes(_ text: String, delimiter: UInt8) -> [UInt8] {
        let bytes = PathText.bytes(text)
        let quote = UInt8(ascii: "\"")
        let isPlain = !bytes.contains {
            $0 == delimiter || $0 == quote || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        if isPlain { return bytes }
        return [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
}
