import Foundation

/// A file mapped into memory for reading, unmapped with the object.
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
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot be read", code: errno, category: .badInput) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else {
            throw FileError(path: path, "cannot be read", code: errno, category: .badInput)
        }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, "found a folder, a pipe or a device, expected a file")
        }
        let size = Int(info.st_size)
        guard size > 0 else { throw FileError(path: path, "the file is empty") }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw FileError(path: path, "cannot be read", code: errno, category: .badInput)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// The file's bytes, which are there as long as `body` runs.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}
