import Foundation

/// What tells a version of a file from every other without reading it: where it is, its size and its times.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    /// In bytes.
    package let size: Int64
    /// Nanoseconds since 1970. The time of the last change of the file's status is compared too: a copy may be given
    /// the modification time of what it replaces.
    package let modified: Int64
    private let changed: Int64

    package init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    /// nil if the file's status cannot be read.
    package init?(of path: String) {
        var status = stat()
        guard FileSystem.withBytes(path, { stat($0, &status) }) == 0 else { return nil }
        self.init(status)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
