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

    /// True where room ran out: the run can go on once there is space again.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}
