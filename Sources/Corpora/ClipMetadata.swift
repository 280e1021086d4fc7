import Tables

/// What a manifest says of a clip besides the columns that Earmark itself uses, in the file's order: `site`, `latitude`,
/// and `began`, when its recording began.
///
/// The ledger keeps it as a JSON object of texts, which is written and read here: 6 bytes for each column besides its
/// name and value.
package struct ClipMetadata: Sendable {
    /// The column of a recording's start, which must be a `StartTime`.
    package static let began = "began"

    package let fields: [(name: String, value: String)]

    package init(_ fields: [(name: String, value: String)]) { self.fields = fields }

    /// The value of a column; nil if the manifest has no such column.
    package subscript(name: String) -> String? { fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// When the recording began; nil if that is not known.
    package var began: StartTime? { self[Self.began].flatMap { StartTime($0) } }

    /// The JSON object, without blanks.
    package var json: String {
        var text = "{"
        for (place, field) in fields.enumerated() {
            text += Self.prefix(field.name, isFirst: place == 0)
            Self.append(field.value, to: &text)
        }
        return text + "}"
    }

    /// What stands before a column's value.
    static func prefix(_ name: String, isFirst: Bool) -> String {
        (isFirst ? "" : ",") + JSONText.string(name).text() + ":"
    }

    /// Appends a value in quotes.
    static func append(_ value: String, to text: inout String) {
        let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        text += isPlain ? "\"" + value + "\"" : JSONText.string(value).text()
    }

    /// Reads what `json` wrote; nil if it is anything else.
    package init?(json: String) {
        var fields: [(name: String, value: String)] = []
        var text = json
        let isWhole = text.withUTF8 { bytes in
            var reader = TextReader(bytes: bytes)
            guard reader.take("{") else { return false }
            if reader.take("}") { return reader.isAtEnd }
            repeat {
                guard let name = reader.string(), reader.take(":"), let value = reader.string() else { return false }
                fields.append((name, value))
            } while reader.take(",")
            return reader.take("}") && reader.isAtEnd
        }
        guard isWhole else { return nil }
        self.fields = fields
    }

    /// When the recording of a clip began, by what the ledger keeps of it; nil if that is not known.
    package static func began(json: String?) -> StartTime? { json.flatMap { ClipMetadata(json: $0) }?.began }
}

/// Reads the parts of a JSON object of texts.
private struct TextReader {
    let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(truncatingIfNeeded: character.value) else { return false }
        place += 1
        return true
    }

    /// A string in quotes.
    mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\") { place += 1 }
        if take("\"") { return String(decoding: bytes[start..<place - 1], as: UTF8.self) }
        var out = Array(bytes[start..<place])
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escaped() else { return nil }
                out += UTF8.encode(scalar).map(Array.init) ?? []
            default: out.append(byte)
            }
        }
        return nil
    }

    /// What stands for a character behind a backslash.
    private mutating func escaped() -> Unicode.Scalar? {
        guard place < bytes.count else { return nil }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"):
            guard place + 4 <= bytes.count else { return nil }
            let digits = String(decoding: bytes[place..<place + 4], as: UTF8.self)
            place += 4
            return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
        default: return nil
        }
    }
}
