import Files

/// Labels as they stand in a manifest: one field, items separated by commas. An item that holds a comma, or begins or ends
/// with a blank or a quote, stands in quotes, with each quote in it doubled. A quote elsewhere in an item is a character
/// like any other, and so is one that begins an item which no quote closes.
package enum LabelText {
    /// Without blanks at its ends.
    package static func trimmed(_ text: some StringProtocol) -> String {
        // By scalars: a character that begins with a blank may go on with a mark that belongs to the name.
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    /// A folder's name as a label: control characters become blanks, runs of blanks one, none at the ends.
    static func cleaned(_ folder: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in folder.unicodeScalars {
            let blank = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if !blank {
                out.append(scalar)
            } else if out.last != " " {
                out.append(" ")
            }
        }
        return trimmed(String(out))
    }

    /// The labels of a field's bytes, in its order, each once; empty items are none.
    static func list(_ field: [UInt8]) -> [String] {
        guard !field.isEmpty else { return [] }
        var labels: [String] = []
        var seen = Set<String>()
        var place = 0
        while place < field.count {
            let label: String
            if let (text, next) = quoted(field, from: place) {
                label = text
                place = next
            } else {
                let end = field[place...].firstIndex(of: comma) ?? field.count
                label = trimmed(PathText.text(field[place..<end]))
                place = end + 1
            }
            if !label.isEmpty, seen.insert(label).inserted { labels.append(label) }
        }
        return labels
    }

    /// The field that `list` reads as these labels.
    static func field(_ labels: [String]) -> String {
        labels.map { label in
            let isPlain =
                !label.utf8.contains(comma) && label.utf8.first != quote
                && trimmed(label).utf8.count == label.utf8.count
            if isPlain { return label }
            var item = "\"".unicodeScalars
            for scalar in label.unicodeScalars {
                if scalar == "\"" { item.append(scalar) }
                item.append(scalar)
            }
            item.append("\"")
            return String(item)
        }.joined(separator: ",")
    }

    private static let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))

    /// An item in quotes and where the next begins; nil where there is none, or it is not closed as it should be.
    private static func quoted(_ field: [UInt8], from start: Int) -> (String, next: Int)? {
        func skipBlanks(_ place: Int) -> Int {
            field[place...].firstIndex { $0 != 0x20 && !(0x09...0x0D).contains($0) } ?? field.count
        }
        var place = skipBlanks(start)
        guard place < field.count, field[place] == quote else { return nil }
        place += 1
        var bytes: [UInt8] = []
        while true {
            guard let end = field[place...].firstIndex(of: quote) else { return nil }
            bytes += field[place..<end]
            place = end + 1
            guard place < field.count, field[place] == quote else { break }
            bytes.append(quote)
            place += 1
        }
        place = skipBlanks(place)
        guard place == field.count || field[place] == comma else { return nil }
        return (PathText.text(bytes), place + 1)
    }
}
