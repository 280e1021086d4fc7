import Foundation

/// A fault of a shard file: what, where, what was found and what was expected.
package struct ShardError: Error, CustomStringConvertible, Sendable {
    package let path: String
    package let message: String
    /// The system's error number where a system call failed; nil where the content is wrong.
    package let code: Int32?
    /// Byte in the file, where known.
    package let byte: Int?

    package init(path: String, _ message: String, code: Int32? = nil, byte: Int? = nil) {
        self.path = path
        self.message = message
        self.code = code
        self.byte = byte
    }

    package var description: String {
        let place = byte.map { "\(path): byte \($0): " } ?? "\(path): "
        return place + message + (code.map { ": " + String(cString: strerror($0)) } ?? "")
    }

    /// - Throws: `ShardError` for a folder, a pipe or a device.
    static func requireFile(_ status: stat, _ path: String) throws(ShardError) {
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw ShardError(path: path, "found \(isFolder ? "a folder" : "a pipe or a device"), expected a file")
        }
    }

    /// True where the system has run out of memory, of open files or of room: what was to be read or written is as sound
    /// as before, and the run can go on later.
    package var isShortage: Bool { isOutOfSpace || [ENOMEM, EMFILE, ENFILE, EAGAIN].contains(code) }

    /// True where room ran out: the run can go on once there is space again.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}
