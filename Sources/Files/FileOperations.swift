import Foundation

/// The system calls used to write and map shards, so that a test can make any of them fail or log their order.
///
/// Each returns what the system call returns and leaves `errno` as it does.
package struct FileOperations: Sendable {
    package var open: @Sendable (_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32
    package var pwrite: @Sendable (_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int, _ offset: Int) -> Int
    package var fdatasync: @Sendable (Int32) -> Int32
    package var fsync: @Sendable (Int32) -> Int32
    package var ftruncate: @Sendable (Int32, Int) -> Int32
    package var rename: @Sendable (_ from: String, _ to: String) -> Int32
    package var close: @Sendable (Int32) -> Int32
    package var unlink: @Sendable (String) -> Int32
    /// Maps a whole file for reading; nil if the system refuses.
    package var map: @Sendable (_ file: Int32, _ size: Int) -> UnsafeMutableRawPointer?

    /// The system itself.
    package static let system = FileOperations(
        open: { Foundation.open($0, $1, $2) }, pwrite: { Foundation.pwrite($0, $1, $2, $3) },
        fdatasync: { Foundation.fdatasync($0) }, fsync: { Foundation.fsync($0) },
        ftruncate: { Foundation.ftruncate($0, $1) }, rename: { Foundation.rename($0, $1) },
        close: { Foundation.close($0) }, unlink: { Foundation.unlink($0) },
        map: { file, size in
            let base = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0)
            return base == MAP_FAILED ? nil : base
        })

    /// Writes all of `bytes`, continuing after short writes and interruptions.
    package func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String)
        throws(FileError)
    {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(file, base + done, bytes.count - done, offset + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, "cannot write", code: errno, byte: offset + done)
            }
            if count == 0 { throw FileError(path: path, "cannot write", code: ENOSPC, byte: offset + done) }
            done += count
        }
    }

    /// Makes a folder's entries durable.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func syncFolder(_ folder: String) throws(FileError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw FileError(path: folder, "cannot open the folder", code: errno) }
        let result = fsync(descriptor)
        let code = errno
        _ = close(descriptor)
        guard result == 0 else { throw FileError(path: folder, "cannot sync the folder", code: code) }
    }
}
