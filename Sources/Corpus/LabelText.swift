/// Labels as they stand in a manifest, where commas separate them.
enum LabelText {
    /// Without blanks at its ends.
    static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// A folder's name as a label: commas and control characters become blanks, runs of blanks one, none at the ends.
    static func cleaned(_ folder: String) -> String {
        var out = ""
        for scalar in folder.unicodeScalars {
            let blank = scalar == "," || scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if !blank {
                out.unicodeScalars.append(scalar)
            } else if out.last != " " {
                out.append(" ")
            }
        }
        return trimmed(out)
    }
}
