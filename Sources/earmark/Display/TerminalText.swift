import Cache
import Glibc

/// Makes names and messages safe to show on a terminal.
enum TerminalText {
    /// Replaces control characters by their code points: a file's name must not move the cursor or clear the screen.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                shown += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// Text for people whose lines are broken between words where a terminal is too narrow for them; elsewhere each line
    /// stays one line, for `grep`.
    static func wrapped(_ text: String, on descriptor: Int32) -> String {
        isatty(descriptor) == 0 ? text : wrapped(text, columns: Terminal.columns(descriptor))
    }

    /// Breaks each line between words so that it takes at most so many columns. What follows a break is indented by two
    /// more than the line; a word that is too long for a line of its own stays whole.
    static func wrapped(_ text: String, columns: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            if line.count <= columns { return String(line) }
            let indent = String(line.prefix { $0 == " " })
            var out: [String] = []
            var row = indent
            var (gap, isEmpty) = (0, true)
            for word in line.dropFirst(indent.count).split(separator: " ", omittingEmptySubsequences: false) {
                // Columns are set apart by several blanks.
                gap += 1
                if word.isEmpty { continue }
                let space = isEmpty ? 0 : gap
                if !isEmpty, row.count + space + word.count > columns {
                    out.append(row)
                    row = indent + "  " + String(word)
                } else {
                    row += String(repeating: " ", count: space) + String(word)
                }
                (gap, isEmpty) = (0, false)
            }
            return (out + [row]).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// C0, DEL, C1 and the characters that change the direction of text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

extension FailureLine {
    /// One line for people and for `grep`; two on a terminal that is too narrow for it.
    func text(on descriptor: Int32) -> String {
        let line = TerminalText.plain("failed: \(clip) (\(path)): \(failureClass): \(reason)")
        guard isatty(descriptor) != 0, line.count >= Terminal.columns(descriptor) else { return line }
        return TerminalText.plain("failed: \(clip): \(failureClass): \(reason)") + "\n  " + TerminalText.plain(path)
    }
}
