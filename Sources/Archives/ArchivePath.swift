import Files
import Glibc

/// The place of a recording inside an archive, written `archive.tar!/member.flac`.
///
/// A path means a member only if there is no file of the whole name, so a folder whose name ends in `!` stays a folder.
/// The archive is what comes before the first `!/` that a regular file's path comes before; if there is no such file,
/// what ends like an archive's name.
package struct ArchivePath: Sendable, Hashable {
    /// The bytes of the archive's path.
    package let archive: [UInt8]
    /// The bytes of the member's name, without empty and `.` components.
    package let member: [UInt8]

    package init(archive: [UInt8], member: [UInt8]) {
        self.archive = archive
        self.member = member
    }

    /// nil if the path does not mean a member of an archive.
    ///
    /// - Parameter path: the path's bytes, without a zero at the end.
    package init?(_ path: [UInt8]) {
        let places = Self.separators(path)
        guard !places.isEmpty else { return nil }
        var status = stat()
        // Whatever is there under the whole name, or may be there and cannot be looked at, is what is meant.
        if Self.look(path[...], &status) == 0 || ![ENOENT, ENOTDIR, ENAMETOOLONG].contains(errno) { return nil }
        let found =
            places.first { Self.look(path[..<$0], &status) == 0 && status.st_mode & S_IFMT == S_IFREG }
            ?? places.first { ArchiveName.isReadable(PathText.text(path[..<$0])) }
        guard let found else { return nil }
        archive = Array(path[..<found])
        member = MemberName.plain(path[(found + 2)...])
        if member.isEmpty { return nil }
    }

    /// The same for a path as `PathText` represents it.
    package init?(_ path: String) {
        guard Self.mayBe(path) else { return nil }
        self.init(PathText.bytes(path))
    }

    /// The whole path, as `PathText` represents it.
    package var text: String { PathText.text(archive + Array("!/".utf8) + member) }
    /// The archive's path, as `PathText` represents it.
    package var archiveText: String { PathText.text(archive) }

    /// Whether a path has the two characters; most have not, and need no system call.
    private static func mayBe(_ path: String) -> Bool {
        var last = UInt8(0)
        for byte in path.utf8 {
            if last == UInt8(ascii: "!"), byte == UInt8(ascii: "/") { return true }
            last = byte
        }
        return false
    }

    /// The places of `!/`, none of them at the start.
    private static func separators(_ path: [UInt8]) -> [Int] {
        guard path.count > 3 else { return [] }
        return (1..<path.count - 1).filter { path[$0] == UInt8(ascii: "!") && path[$0 + 1] == UInt8(ascii: "/") }
    }

    /// The result of `stat`, which sets `errno`.
    private static func look(_ path: ArraySlice<UInt8>, _ status: inout stat) -> Int32 {
        stat(path.map(CChar.init(bitPattern:)) + [0], &status)
    }
}

/// What an archive's name says of it.
package enum ArchiveName {
    /// Endings, in lower case, of archives whose members can be read one by one.
    private static let readable = [".zip", ".tar"]
    /// Endings of archives that must be unpacked from their start.
    private static let sequential = [
        ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lz4", ".tar.z",
        ".7z", ".rar",
    ]

    /// Whether members of an archive of this name can be read one by one.
    package static func isReadable(_ name: String) -> Bool { ends(name, readable) }
    /// Whether an archive of this name can only be unpacked as a whole.
    package static func isSequential(_ name: String) -> Bool { ends(name, sequential) }

    private static func ends(_ name: String, _ endings: [String]) -> Bool {
        let name = String(decoding: name.utf8.suffix(8), as: UTF8.self).lowercased()
        return endings.contains { name.utf8.count > $0.utf8.count - 1 && name.hasSuffix($0) }
    }
}

/// Names of members.
package enum MemberName {
    /// A name without empty and `.` components.
    package static func plain(_ name: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(name.count)
        for part in name.split(separator: UInt8(ascii: "/")) where !part.elementsEqual([UInt8(ascii: ".")]) {
            if !out.isEmpty { out.append(UInt8(ascii: "/")) }
            out += part
        }
        return out
    }

    /// Whether a name, as the archive has it, leads out of the folder that it would be unpacked into.
    static func escapes(_ name: [UInt8]) -> Bool {
        name.first == UInt8(ascii: "/")
            || name.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    }
}
