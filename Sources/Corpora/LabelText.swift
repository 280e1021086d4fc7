import Files
import Tables

/// Labels as a manifest has them: one field, with items separated by commas. An item that contains a comma, begins with
/// a quote, or begins or ends with a blank is enclosed in quotes, with each quote in it doubled. A quote elsewhere in
/// an item is an ordinary character, and so is one that begins an item but is not properly closed.
package enum LabelText {
    /// A text without blanks at its ends.
    package static func trimmed(_ text: some StringProtocol) -> String { SpreadsheetText.trimmed(text) }

    /// A folder's name as a label: control characters become blanks, each run of blanks becomes one, and those at the
    /// ends are removed.
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

    /// The labels in a field's bytes, in order, each once, without empty items.
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
    package static func field(_ labels: [String]) -> String {
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

    /// An item in quotes and where the next one begins; nil if there is none, or it is not properly closed.
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
