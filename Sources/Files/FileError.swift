import Foundation

/// A fault of a file: what, where, what was found and what was expected.
package struct FileError: Error, CustomStringConvertible, Sendable {
    package let path: String
    package let message: String
    /// The system's error number where a system call failed; nil where the content is wrong.
    package let code: Int32?
    /// Byte in the file, where known.
    package let byte: Int?
    package let category: Category

    /// Whose fault it is, which says how the program ends.
    package enum Category: Sendable {
        /// The file is not what was expected of it.
        case badInput
        /// A system call failed.
        case inputOutput
        /// The system has run out of memory, of open files or of space: run again to go on.
        case shortage
    }

    /// - Parameter category: nil: what the error number says.
    package init(
        path: String, _ message: String, code: Int32? = nil, byte: Int? = nil, category: Category? = nil
    ) {
        self.category =
            category ?? (Self.isShortage(code) ? .shortage : code == nil ? .badInput : .inputOutput)
        self.path = path
        self.message = message
        self.code = code
        self.byte = byte
    }

    /// Why, without what was being done: the system's words where a system call failed, else the message.
    package var reason: String { code.map { String(cString: strerror($0)) } ?? message }

    package var description: String {
        let place = byte.map { "\(path): byte \($0): " } ?? "\(path): "
        return place + message + (code.map { ": " + String(cString: strerror($0)) } ?? "")
    }

    /// - Throws: `FileError` for a folder, a pipe or a device.
    package static func requireFile(_ status: stat, _ path: String) throws(FileError) {
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw FileError(path: path, "found \(isFolder ? "a folder" : "a pipe or a device"), expected a file")
        }
    }

    /// True where the system has run out of memory, of open files or of space: what was to be read or written is as sound
    /// as before, and the run can go on later.
    package var isShortage: Bool { Self.isShortage(code) }

    private static func isShortage(_ code: Int32?) -> Bool {
        [ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE, EAGAIN].contains(code)
    }

    /// True where room ran out: the run can go on once there is space again.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}
