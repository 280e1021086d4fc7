import Errors
import Foundation

/// A regular file whose bytes are read one by one at any place, through a small window of it: what is jumped over is not
/// read. Unlike a mapped file it may be cut short meanwhile.
package final class FileWindow {
    package let path: String
    /// In bytes, when it was opened.
    package let size: Int
    private let descriptor: Int32
    private var window = [UInt8](repeating: 0, count: FileWindow.length)
    /// The place of the window, and how many bytes of it are known.
    private var start = 0
    private var count = 0

    private static let length = 1 << 14

    /// - Throws: `FileError` if the file cannot be opened, or is a folder, a pipe or a device.
    package init(path: String) throws {
        let descriptor = FileSystem.withBytes(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        var status = stat()
        do {
            guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
            try FileError.requireFile(status, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The byte at a place, which is not negative; nil where the file ends before it.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package func byte(_ place: Int) throws -> UInt8? {
        if place >= start, place - start < count { return window[place - start] }
        (start, count) = (place, 0)
        let descriptor = descriptor
        while true {
            let got = window.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(place)) }
            if got < 0 {
                if errno == EINTR { continue }
                throw Self.unreadable(path)
            }
            count = got
            return got > 0 ? window[0] : nil
        }
    }

    private static func unreadable(_ path: String) -> FileError {
        let code = errno
        return FileError(
            path: path, "cannot be read", code: code, category: SystemReason.isShortage(code) ? .shortage : .badInput)
    }
}
