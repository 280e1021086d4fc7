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
