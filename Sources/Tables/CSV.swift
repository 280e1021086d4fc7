import Files

/// Comma-separated text as defined by RFC 4180: quotes, doubled quotes, line ends inside quotes; rows end with CRLF, LF
/// or CR. Written with commas; `CSVReader` accepts other delimiters too.
package enum CSV {
    /// A field's bytes in the text; if `isEscaped`, doubled quotes in it stand for one.
    package struct Field: Sendable, Equatable {
        package var start: Int
        package var end: Int
        package var isEscaped: Bool

        package init(start: Int, end: Int, isEscaped: Bool) {
            self.start = start
            self.end = end
            self.isEscaped = isEscaped
        }
    }

    /// A name made safe for an export that a spreadsheet will open: a name that begins with = + - @, a tab or a
    /// carriage return would be read as a formula, so it gets an apostrophe in front. A name that already begins with
    /// apostrophes and one of these gets another one, so that `name(ofSafe:)` gives every name back.
    package static func safeField(_ name: String) -> String {
        let rest = name.utf8.drop { $0 == apostrophe }
        guard let first = rest.first, formulaStarts.contains(first) else { return name }
        return "'" + name
    }

    /// A value that no spreadsheet computes, as `safeField` makes it; but a number stays one: `-33.9` is a latitude.
    package static func safeValue(_ value: String) -> String {
        let isNumber = Double(value) != nil && value.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
        return isNumber ? value : safeField(value)
    }

    /// The name for which `safeField` wrote a field. Every table of ours that is read is read with this.
    package static func name(ofSafe field: String) -> String {
        isSafe(field.utf8) ? String(field.unicodeScalars.dropFirst()) : field
    }

    /// Whether bytes begin with an apostrophe that `safeField` may have put there.
    package static func isSafe(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.first == apostrophe, let first = bytes.first(where: { $0 != apostrophe }) else { return false }
        return formulaStarts.contains(first)
    }

    /// A name for a table whose names are written exactly but read with `name(ofSafe:)`, such as a manifest: only a
    /// name that would lose an apostrophe gets another one.
    package static func exactField(_ name: String) -> String { isSafe(name.utf8) ? "'" + name : name }

    private static let apostrophe = UInt8(ascii: "'")
    private static let formulaStarts = Array("=+-@\t\r".utf8)

    /// One row with its line end (LF), fields quoted where they must be. `PathText` escapes become their bytes again.
    package static func row(_ fields: [String]) -> [UInt8] {
        var out: [UInt8] = []
        append(fields, to: &out)
        return out
    }

    /// Appends one row with its line end to `out`; see `row`.
    package static func append(_ fields: [String], to out: inout [UInt8]) {
        for (place, field) in fields.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            // A lone empty field would be a blank line, which readers skip.
            append(field, quotesEmpty: fields.count == 1, to: &out)
        }
        out.append(UInt8(ascii: "\n"))
    }

    /// One field of several as `row` writes it, for tables whose fields are formatted once and written often.
    package static func field(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        append(text, quotesEmpty: false, to: &out)
        return out
    }

    private static func append(_ field: String, quotesEmpty: Bool, to out: inout [UInt8]) {
        let bytes = PathText.bytes(field)
        let blank = quotesEmpty && bytes.isEmpty
        if blank || bytes.contains(where: isSpecial) || bytes.first == 0xEF || bytes.first == UInt8(ascii: " ") {
            out.append(UInt8(ascii: "\""))
            for byte in bytes {
                if byte == UInt8(ascii: "\"") { out.append(byte) }
                out.append(byte)
            }
            out.append(UInt8(ascii: "\""))
        } else {
            out.append(contentsOf: bytes)
        }
    }

    /// A delimiter in words.
    package static func name(of delimiter: UInt8) -> String {
        switch delimiter {
        case UInt8(ascii: ","): "a comma"
        case UInt8(ascii: ";"): "a semicolon"
        case UInt8(ascii: "\t"): "a tab"
        default: "'\(PathText.text([delimiter]))'"
        }
    }

    /// A field's bytes, with doubled quotes undone.
    package static func value(_ bytes: [UInt8], _ field: Field) -> [UInt8] {
        if !field.isEscaped { return Array(bytes[field.start..<field.end]) }
        var out: [UInt8] = []
        var place = field.start
        while place < field.end {
            out.append(bytes[place])
            // Inside quotes a quote never appears alone, so a second one follows.
            place += bytes[place] == UInt8(ascii: "\"") ? 2 : 1
        }
        return out
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
