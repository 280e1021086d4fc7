import Errors
import Glibc

extension FileSystem {
    /// Copies the bytes of a file into a new one that only its owner can read.
    ///
    /// - Throws: `FileError` naming the file that cannot be read or written; an existing file at `path` cannot be
    ///   written.
    package static func copy(_ from: String, to path: String) throws {
        let source = withBytes(from) { open($0, O_RDONLY | O_CLOEXEC) }
        guard source >= 0 else { throw FileError(path: from, "cannot read", code: errno) }
        defer { close(source) }
        let target = withBytes(path) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard target >= 0 else { throw FileError(path: path, "cannot write", code: errno) }
        defer { close(target) }
        var block = [UInt8](repeating: 0, count: 1 << 18)
        var offset = 0
        while true {
            let count = Glibc.read(source, &block, block.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: from, "cannot read", code: errno, byte: offset)
            }
            if count == 0 { return }
            try block.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                try FileOperations.system.writeAll(target, part, at: offset, path: path)
            }
            offset += count
        }
    }

    /// Removes a file, or a folder with everything in it; a link is removed, but not what it leads to. Does nothing if
    /// there is nothing at the path.
    ///
    /// - Throws: `FileError` for the first that cannot be removed.
    package static func remove(_ path: String) throws {
        var status = stat()
        guard withBytes(path, { lstat($0, &status) }) == 0 else {
            if errno == ENOENT { return }
            throw FileError(path: path, "cannot remove", code: errno)
        }
        let isFolder = kind(status.st_mode) == .folder
        if isFolder { for entry in try list(path) { try remove(path + "/" + entry.name) } }
        guard withBytes(path, { isFolder ? rmdir($0) : unlink($0) }) == 0 || errno == ENOENT else {
            throw FileError(path: path, "cannot remove", code: errno)
        }
    }
}
