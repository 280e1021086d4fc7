import Archives
import Errors
import Files
import Glibc

/// What tells whether two listed files have the same content. All that is known of a file's content comes through here.
struct ListedFile {
    /// The file itself, whatever names it has: hard and symbolic links to one file have the same.
    struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
        /// The bytes of a member's name if the file is an archive.
        var member: [UInt8] = []
    }

    /// Bytes that are compared first. Recorders write files of one size by the thousand, and hardly two begin alike, so that
    /// few of them have to be read whole.
    static let headSize = 64 << 10

    let path: String
    let size: Int64
    let identity: Identity
    private let place: ArchivePath?

    /// nil if there is no such file or member, or it cannot be reached.
    init?(_ path: String) {
        place = ArchivePath(path)
        self.path = path
        if let place {
            guard let status = FileSystem.status(place.archiveText), let member = try? ArchiveMember.status(place)
            else {
                return nil
            }
            size = member.size
            identity = Identity(
                device: UInt64(status.st_dev), inode: UInt64(status.st_ino), member: place.member)
            return
        }
        guard let status = FileSystem.status(path), FileSystem.kind(status.st_mode) == .file else { return nil }
        size = Int64(status.st_size)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Digest of the first bytes, at most `headSize` of them.
    ///
    /// - Throws: `FileError` if the file cannot be read; `ArchiveError` for a member.
    func headDigest() throws -> String {
        if let place {
            let member = try ArchiveMember(place)
            var head = [UInt8](repeating: 0, count: min(member.size, Self.headSize))
            let count = head.count
            let got = head.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { member.read(into: $0, at: 0, count) } ?? (count: 0, fault: nil)
            }
            if let code = got.fault { throw FileError(path: path, "cannot read", code: code, category: .badInput) }
            return head[..<got.count].withUnsafeBytes { Checksum.of($0).description }
        }
        return try FileSystem.read(path, upTo: Self.headSize).withUnsafeBytes { Checksum.of($0).description }
    }

    /// Digest of the whole content, as the ledger has it.
    ///
    /// - Throws: `FileError` if the file cannot be read; `ArchiveError` for a member.
    func digest() throws -> String {
        if let place { return try ArchiveMember.digest(place).description }
        return try Checksum.ofFile(path, bytes: PathText.bytes(path)).description
    }
}
