/// How the formats of our own write an event's numbers.
enum EventText {
    /// Seconds to the microsecond, without zeros at the end.
    static func append(seconds: Double, to out: inout [UInt8]) { NumberText.append(seconds, upTo: 6, to: &out) }

    /// A score as float32, which chunk scores are.
    static func append(score: Double, to out: inout [UInt8]) { NumberText.append(score: Float(score), to: &out) }

    /// The columns that judgements add to a table.
    static let reviewColumns = [
        "verdict", "reviewer", "judged_at", "corrected_label", "corrected_start", "corrected_end",
    ]
    /// Between the names of several reviewers.
    static let reviewerSeparator = "; "
}

/// The bytes of names that come again and again, made once each.
struct FieldCache {
    private let make: (String) -> [UInt8]
    private var known: [String: [UInt8]] = [:]

    init(_ make: @escaping (String) -> [UInt8]) { self.make = make }

    subscript(name: String) -> [UInt8] {
        mutating get {
            if let found = known[name] { return found }
            let bytes = make(name)
            known[name] = bytes
            return bytes
        }
    }
}

/// Parts of a line of JSON.
enum JSONLine {
    /// The member `columns` of an object, after a comma: the manifest's further columns, as the ledger has them; empty if
    /// there are none.
    static func columns(_ metadata: String?) -> [UInt8] {
        metadata.map { Array(#","columns":"#.utf8) + Array($0.utf8) } ?? []
    }

    /// A string in quotes (RFC 8259, 7), as bytes.
    static func string(_ text: String) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): out += "\\n".utf8
            case UInt8(ascii: "\r"): out += "\\r".utf8
            case UInt8(ascii: "\t"): out += "\\t".utf8
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                out += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        return out + [UInt8(ascii: "\"")]
    }
}
