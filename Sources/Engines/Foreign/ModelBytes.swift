import Errors
import Files
import Glibc

/// A model file's bytes, read into memory once: what was checked is then what runs, whatever becomes of the file. A file
/// that is mapped instead ends the process if it is cut short while it is used.
///
/// Sendable because the bytes never change.
package final class ModelBytes: @unchecked Sendable {
    package let path: String
    /// At a 64-byte boundary. Beyond them there are some zeros, because vector code may read further.
    private let bytes: UnsafeRawBufferPointer

    private static let room = 64

    /// - Throws: `FileError` if the file cannot be read, is empty or no regular file, or if there is not enough memory.
    package init(path: String) throws {
        self.path = path
        // Opening a named pipe would wait for its writer.
        let file = FileSystem.withBytes(path) { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard file >= 0 else { throw Self.failure(path, errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Self.failure(path, errno) }
        try FileError.requireFile(status, path)
        let size = Int(status.st_size)
        guard size > 0 else { throw FileError(path: path, "the file is empty") }
        var memory: UnsafeMutableRawPointer?
        let code = posix_memalign(&memory, 64, min(size, Int.max - Self.room) + Self.room)
        guard code == 0, let start = memory else { throw Self.failure(path, code) }
        do { try Self.fill(start, size, file, path) } catch {
            free(start)
            throw error
        }
        memset(start + size, 0, Self.room)
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit { free(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }

    /// The file's bytes, which are valid as long as the object is.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Whether a text is somewhere among the bytes.
    package func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return withBytes { bytes in
            guard let first = wanted.first, let base = bytes.baseAddress else { return true }
            var place = 0
            while place + wanted.count <= bytes.count,
                let found = memchr(base + place, Int32(first), bytes.count - wanted.count + 1 - place)
            {
                place = base.distance(to: UnsafeRawPointer(found))
                if memcmp(base + place, wanted, wanted.count) == 0 { return true }
                place += 1
            }
            return false
        }
    }

    private static func fill(_ start: UnsafeMutableRawPointer, _ size: Int, _ file: Int32, _ path: String) throws {
        var done = 0
        while done < size {
            let got = Glibc.read(file, start + done, size - done)
            if got < 0 && errno == EINTR { continue }
            if got < 0 { throw failure(path, errno) }
            guard got > 0 else {
                throw FileError(path: path, "found \(done) bytes, expected \(size): it was cut short while it was read")
            }
            done += got
        }
    }

    /// If the system refuses, the user must fix it, unless the system has run out of a resource.
    private static func failure(_ path: String, _ code: Int32) -> FileError {
        FileError(
            path: path, "cannot be read", code: code, category: SystemReason.isShortage(code) ? .shortage : .badInput)
    }
}
