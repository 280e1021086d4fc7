import Errors
import Glibc

extension FileSystem {
    /// Reads a regular file block by block. One that is cut short meanwhile ends early, where a mapped one would end the
    /// process by a signal; a pipe is refused, where others would wait for its writer.
    ///
    /// - Parameter body: called with the bytes of each block, which are valid only while it runs.
    /// - Throws: `FileError` if the file cannot be read, or is a folder, a pipe or a device; and what `body` throws.
    package static func readBlocks(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let file = withBytes(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard file >= 0 else { throw unreadable(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(path) }
        try FileError.requireFile(status, path)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { block.deallocate() }
        while true {
            let count = Glibc.read(file, block.baseAddress, block.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path)
            }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }

    /// Reads a whole regular file.
    ///
    /// - Throws: `FileError` if it cannot be read, or is a folder, a pipe or a device.
    package static func readFile(_ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try readBlocks(path) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The error for a file that the user named and the system does not let us read.
    private static func unreadable(_ path: String) -> FileError {
        let code = errno
        return FileError(
            path: path, "cannot be read", code: code, category: SystemReason.isShortage(code) ? .shortage : .badInput)
    }
}
