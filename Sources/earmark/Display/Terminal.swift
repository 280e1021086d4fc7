import Glibc

/// Facts about a terminal.
enum Terminal {
    private static let usual = 80

    /// The number of characters that fit on a line: what the terminal reports, else the variable COLUMNS, else 80.
    static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        if let text = getenv("COLUMNS").map({ String(cString: $0) }), let number = Int(text), number > 0 {
            return number
        }
        return usual
    }
}
