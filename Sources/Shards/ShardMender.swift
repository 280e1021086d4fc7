import Files
import Foundation

/// Restores the header and length of a sealed shard whose bytes were damaged. Rows are left as they are: the ledger
/// says which of them still count.
package enum ShardMender {
    /// Cuts the file to the length that the header implies and writes that header, durably.
    ///
    /// - Returns: the digest of all rows as they are now.
    /// - Throws: `FileError` if the file is shorter than its rows, or the system refuses.
    package static func mend(
        path: String, header: NumpyHeader, files: FileOperations = .system
    ) throws(FileError) -> Digest {
        let descriptor = files.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open for mending", code: errno) }
        defer { _ = files.close(descriptor) }
        var status = stat()
        let size = NumpyHeader.size + header.rows * header.rowSize
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, "cannot look at", code: errno) }
        try FileError.requireFile(status, path)
        guard Int(status.st_size) >= size else {
            throw FileError(
                path: path, "found \(status.st_size) bytes, expected \(size) for \(header.rows) rows",
                byte: Int(status.st_size))
        }
        guard files.ftruncate(descriptor, size) == 0 else {
            throw FileError(path: path, "cannot cut to \(size) bytes", code: errno)
        }
        let bytes = header.bytes
        var fault: FileError?
        bytes.withUnsafeBytes { raw in
            do throws(FileError) {
                try files.writeAll(descriptor, raw, at: 0, path: path)
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
        guard files.fsync(descriptor) == 0 else { throw FileError(path: path, "cannot sync", code: errno) }
        return try Checksum.ofFile(path, from: NumpyHeader.size)
    }
}
