import Errors
import Files
import Glibc

/// Why an archive, or a member of one, cannot be read.
package struct ArchiveError: EarmarkError {
    /// The failure of the clip that was to be read.
    package let failureClass: FailureClass
    /// The archive's path; for a fault of one member also its name, as a manifest writes it.
    package let path: String
    /// What was found, and what to do about it where that helps.
    package let message: String
    /// The byte of the archive, if known.
    package let byte: Int?
    /// The system's error number if a system call failed.
    package let code: Int32?
    /// Whether the archive or the member is not there, as far as its directory tells.
    package let isMissing: Bool

    package init(
        _ failureClass: FailureClass, path: String, _ message: String, byte: Int? = nil, code: Int32? = nil,
        isMissing: Bool = false
    ) {
        self.failureClass = failureClass
        self.path = path
        self.message = message
        self.byte = byte
        self.code = code
        self.isMissing = isMissing
    }

    package var category: ErrorCategory { isShortage ? .shortage : .badInput }
    package var place: ErrorPlace? { ErrorPlace(path, byte: byte) }

    /// Whether the system has run out of open files or memory, which is not the archive's fault.
    package var isShortage: Bool { code.map { [EMFILE, ENFILE, ENOMEM].contains($0) } ?? false }

    /// The message with the byte and the system's words, without the path: the reason of a clip's failure.
    package var reason: String {
        (byte.map { "byte \($0) of the archive: " } ?? "") + message
            + (code.map { ": " + SystemReason.text($0) } ?? "")
    }

    /// A failed system call.
    static func system(_ path: String, _ doing: String, _ code: Int32) -> ArchiveError {
        ArchiveError(.unreadable, path: path, doing, code: code, isMissing: code == ENOENT || code == ENOTDIR)
    }
}
