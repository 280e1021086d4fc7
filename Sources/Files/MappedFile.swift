import Errors
import Foundation

/// A file mapped into memory for reading; unmapped when the object is destroyed.
///
/// Sendable because the mapping is read-only.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    /// Size in bytes, at least 1.
    package var size: Int { bytes.count }
    private let bytes: UnsafeRawBufferPointer

    /// - Throws: `FileError` when the file cannot be opened, is not a regular file, or is empty.
    package init(path: String) throws {
        self.path = path
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw Self.failure(path) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, "found a folder, a pipe or a device, expected a file")
        }
        let size = Int(info.st_size)
        guard size > 0 else { throw FileError(path: path, "the file is empty") }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw Self.failure(path)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// If the system refuses, the user must fix it, unless the system has run out of a resource.
    private static func failure(_ path: String) -> FileError {
        let code = errno
        return FileError(
            path: path, "cannot be read", code: code, category: SystemReason.isShortage(code) ? .shortage : .badInput)
    }

    /// The file's bytes, which are valid only while `body` runs.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}
