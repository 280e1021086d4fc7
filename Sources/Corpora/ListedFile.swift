import Errors
import Files
import Glibc

/// What tells whether two listed files have the same content. All that is known of a file's content comes through here.
struct ListedFile {
    /// The file itself, whatever names it has: hard and symbolic links to one file have the same.
    struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Bytes that are compared first. Recorders write files of one size by the thousand, and hardly two begin alike, so that
    /// few of them have to be read whole.
    static let headSize = 64 << 10

    let path: String
    let size: Int64
    let identity: Identity

    /// nil if there is no such file, or it cannot be reached.
    init?(_ path: String) {
        guard let status = FileSystem.status(path), FileSystem.kind(status.st_mode) == .file else { return nil }
        self.path = path
        size = Int64(status.st_size)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Digest of the first bytes, at most `headSize` of them.
    ///
    /// - Throws: `FileError` if the file cannot be read.
    func headDigest() throws -> String {
        try FileSystem.read(path, upTo: Self.headSize).withUnsafeBytes { Checksum.of($0).description }
    }

    /// Digest of the whole content, as the ledger has it.
    ///
    /// - Throws: `FileError` if the file cannot be read.
    func digest() throws -> String { try Checksum.ofFile(path, bytes: PathText.bytes(path)).description }
}
