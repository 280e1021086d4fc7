import Errors
import Foundation

/// Maps a file of the ledger into memory, for code that reads its pages directly.
enum MappedData {
    /// The bytes of a file, unmapped when they are no longer used; empty for an empty file.
    ///
    /// - Throws: `LedgerError` with the system's reason, or of kind corrupt if it is not a regular file. (The errors of
    ///   `Data(contentsOf:)` contain neither the path nor the system's reason.)
    static func of(_ path: String) throws -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LedgerError(path: path, "cannot read", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LedgerError(path: path, "cannot look at", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw LedgerError(.corrupt, path: path, "found a folder, a pipe or a device, expected a file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { return Data() }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw LedgerError(path: path, "cannot map \(size) bytes", code: errno)
        }
        return Data(bytesNoCopy: base, count: size, deallocator: .unmap)
    }
}
