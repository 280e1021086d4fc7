import Foundation

/// A file mapped into memory for reading, unmapped with the object.
///
/// Sendable because the mapping is read-only.
final class MappedFile: @unchecked Sendable {
    let path: String
    /// Size in bytes, at least 1.
    var size: Int { bytes.count }
    private let bytes: UnsafeRawBufferPointer

    /// - Throws: `NetworkError.file` when the file cannot be opened, is not a regular file, or is empty.
    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw NetworkError.file(path: path, reason: Self.reason(errno)) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw NetworkError.file(path: path, reason: Self.reason(errno)) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw NetworkError.file(path: path, reason: "not a regular file; expected a model file")
        }
        let size = Int(info.st_size)
        guard size > 0 else { throw NetworkError.file(path: path, reason: "the file is empty; expected a model file") }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw NetworkError.file(path: path, reason: Self.reason(errno))
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// The file's bytes, which are there as long as `body` runs.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    private static func reason(_ code: Int32) -> String { "cannot be read: \(String(cString: strerror(code)))" }
}
