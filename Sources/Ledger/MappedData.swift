import Errors
import Foundation

/// A file of the ledger mapped into memory, for the readers that look at its pages themselves.
enum MappedData {
    /// The bytes of a file, unmapped with the last use of them; none of a file that is empty.
    ///
    /// - Throws: `LedgerError` with the system's reason. `Data(contentsOf:)` has no place and no reason of the system's in its
    ///   error.
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
