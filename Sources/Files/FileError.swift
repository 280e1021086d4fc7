import Errors
import Foundation

/// A file error: what failed, where, what was found and what was expected.
package struct FileError: EarmarkError {
    package let path: String
    package let message: String
    /// The system's error number if a system call failed; nil if the content is wrong.
    package let code: Int32?
    /// Byte in the file, if known.
    package let byte: Int?
    package let category: ErrorCategory

    /// - Parameter category: nil: decided by the error number, or bad input if there is none.
    package init(
        path: String, _ message: String, code: Int32? = nil, byte: Int? = nil, category: ErrorCategory? = nil
    ) {
        self.category =
            category ?? code.map { SystemReason.isShortage($0) ? .shortage : .inputOutput } ?? .badInput
        self.path = path
        self.message = message
        self.code = code
        self.byte = byte
    }

    /// What was found in a file or a folder and what was expected, for the user to fix.
    package init(path: String, found: String, expected: String) {
        self.init(path: path, "found \(found), expected \(expected)")
    }

    /// The reason, without what was being done: the system's words if a system call failed, otherwise the message.
    package var reason: String { code.map(SystemReason.text) ?? message }

    package var place: ErrorPlace? { ErrorPlace(path, byte: byte) }

    /// - Throws: `FileError` for a folder, a pipe or a device.
    package static func requireFile(_ status: stat, _ path: String) throws(FileError) {
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw FileError(path: path, "found \(isFolder ? "a folder" : "a pipe or a device"), expected a file")
        }
    }

    /// True if the system has run out of memory, open files or space: what was to be read or written is as sound as
    /// before, and the run can go on later.
    package var isShortage: Bool { code.map(SystemReason.isShortage) ?? false }

    /// True if space ran out: the run can go on once there is space again.
    package var isOutOfSpace: Bool { code.map(SystemReason.isOutOfSpace) ?? false }
}
