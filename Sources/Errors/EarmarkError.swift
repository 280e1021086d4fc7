import Glibc

/// An error as shown to a user, in one line: where, what was found and what was expected, and the system's reason.
///
/// Decisions are made by `category`, `code` and a type's own cases, never by the words.
package protocol EarmarkError: Error, CustomStringConvertible, Sendable {
    var category: ErrorCategory { get }
    /// nil if the command line, or the program as a whole, is at fault.
    var place: ErrorPlace? { get }
    /// What was found and what was expected, without the place and the system's reason.
    var message: String { get }
    /// The system's error number if a system call failed.
    var code: Int32? { get }
}

extension EarmarkError {
    package var code: Int32? { nil }

    /// Characters of a line that names of a hostile file may fill.
    private static var longest: Int { 4000 }

    /// Place, message and reason. Names and texts of a hostile file may stand in it: they do not break the line.
    package var description: String {
        let place = place.map { "\($0): " } ?? ""
        let whole = place + message + (code.map { ": " + SystemReason.text($0) } ?? "")
        // A name of megabytes is no line any more.
        let text = whole.utf8.count <= Self.longest ? whole : whole.prefix(Self.longest) + " ..."
        return text.contains { $0.isNewline || $0 == "\0" }
            ? String(text.map { $0.isNewline || $0 == "\0" ? "?" : $0 }) : text
    }
}

/// The system's words for its error numbers.
package enum SystemReason {
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Whether the system has run out of memory, open files or space.
    package static func isShortage(_ code: Int32) -> Bool {
        isOutOfSpace(code) || [ENOMEM, EMFILE, ENFILE, EAGAIN].contains(code)
    }

    /// Whether disk space ran out.
    package static func isOutOfSpace(_ code: Int32) -> Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }
}
