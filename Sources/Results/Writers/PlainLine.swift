import Files

/// Names as they may stand in formats of one line a record that know no quoting.
enum PlainLine {
    /// A name's bytes with a blank for each control character and line separator, among them tabs and line ends.
    static func bytes(_ name: String) -> [UInt8] { PathText.bytes(text(name)) }

    /// As `bytes`, as text.
    static func text(_ name: String) -> String {
        if name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return name }
        var out = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: out.append(" ")
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}
