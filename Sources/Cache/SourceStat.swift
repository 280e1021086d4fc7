import Archives
import Audio
import Errors
import Files
import Foundation
import Ledger
import Pipeline

/// What the file system says about a clip's file, and the digest of its bytes. For a member of an archive: the member's
/// unpacked size, the archive's modification time, and the digest of the unpacked bytes.
package struct SourceStat: Equatable {
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modified: Int64

    /// - Throws: `ClipFailure` if there is no such file, or its status may not be read; `FileError` if the system has
    ///   run out of a resource, which is not the clip's fault.
    package static func of(_ path: String) throws -> SourceStat {
        if let place = ArchivePath(path) {
            do throws(ArchiveError) { return try SourceStat(place) } catch { throw failure(error) }
        }
        guard let found = find(path) else {
            throw ClipFailure(
                failureClass: .unreadable,
                reason: errno == ENOENT ? "no such file" : SystemReason.text(errno))
        }
        return found
    }

    /// nil if the file's status cannot be read; `errno` says why.
    package static func find(_ path: String) -> SourceStat? {
        if let place = ArchivePath(path) {
            do throws(ArchiveError) {
                return try SourceStat(place)
            } catch {
                errno = error.code ?? ENOENT
                return nil
            }
        }
        var status = stat()
        guard FileSystem.withBytes(path, { stat($0, &status) }) == 0 else { return nil }
        return SourceStat(
            size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }

    /// Digest of what a clip is made of: of the whole file, together with the part of it that the clip is. So clips that
    /// are different parts of one file have different digests, and a changed part is a changed clip. For a clip that is
    /// the whole file it is the file's own. Devices and folders are refused before anything is read.
    ///
    /// - Parameters:
    ///   - part: as `RecordingPart` writes it; nil for the whole file.
    ///   - digests: keeps the digest of a file of which the clip is a part, for other parts.
    ///   - isOpenedNext: whether the file is decoded next, so that an archive's member need not be inflated twice.
    /// - Throws: `ClipFailure`; `FileError` if the system has run out of a resource, which is not the clip's fault.
    package func digest(
        _ path: String, part: String?, _ digester: FileDigester = FileDigester(), keptIn digests: PerFileCache<String>?,
        isOpenedNext: Bool = false
    ) throws -> String {
        guard let part else { return try digest(path, digester, isOpenedNext: isOpenedNext) }
        let whole: String
        let file = ArchivePath(path)?.archiveText ?? path
        if let digests, let identity = FileIdentity(of: file) {
            whole = try digests.value(
                of: path, identity, isCurrent: { FileIdentity(of: file) == identity },
                make: { () throws -> String in try digest(path, digester, isOpenedNext: isOpenedNext) })
        } else {
            whole = try digest(path, digester, isOpenedNext: isOpenedNext)
        }
        return Array("\(whole) \(part)".utf8).withUnsafeBytes { Checksum.of($0) }.description
    }

    private func digest(_ path: String, _ digester: FileDigester, isOpenedNext: Bool = false) throws -> String {
        if let place = ArchivePath(path) {
            do throws(ArchiveError) {
                return try ArchiveMember.digest(place, keeping: isOpenedNext).description
            } catch {
                throw Self.failure(error)
            }
        }
        var status = stat()
        guard FileSystem.withBytes(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ClipFailure(
                failureClass: .unreadable,
                reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder, not a file" : "not a regular file")
        }
        do {
            return try digester.digest(path, bytes: PathText.bytes(path)).description
        } catch {
            if let code = error.code, AudioError.shortages.contains(code) { throw error }
            throw ClipFailure(failureClass: .unreadable, reason: "\(error)")
        }
    }

    /// Why the file is not the one that was there before, in words for the user.
    ///
    /// - Parameter path: as `PathText` represents it.
    package static func changedWhileRead(_ path: String) -> ClipFailure {
        ClipFailure(
            failureClass: .changed,
            reason: "the \(ArchivePath(path) == nil ? "file" : "archive") changed while it was being read")
    }

    private static func failure(_ error: ArchiveError) -> any Error {
        if error.isShortage { return FileError(path: error.path, error.message, code: error.code) }
        return ClipFailure(failureClass: error.failureClass, reason: error.reason)
    }
}

extension SourceStat {
    private init(_ place: ArchivePath) throws(ArchiveError) {
        let found = try ArchiveMember.status(place)
        self.init(size: found.size, modified: found.modified)
    }
}

/// Clips whose files are gone: how many, and the first of them by name.
package struct ClipsWithoutFile: Sendable {
    /// A clip, and where its file was.
    package struct Clip: Sendable, Equatable {
        package let name: String
        package let path: String

        package init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }

    package private(set) var count = 0
    package private(set) var named: [Clip] = []

    package init() {}

    /// - Parameter limit: how many clips are named.
    package mutating func add(_ name: String, path: String, limit: Int) {
        count += 1
        if named.count < limit { named.append(Clip(name: name, path: path)) }
    }
}

extension Ledger {
    /// Which of the manifest's clips no longer have a file. Checks every one.
    ///
    /// - Parameter limit: how many of them are named.
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func clipsWithoutFile(naming limit: Int) throws -> ClipsWithoutFile {
        var found = ClipsWithoutFile()
        try forEachClip { if SourceStat.find($0.path) == nil { found.add($0.name, path: $0.path, limit: limit) } }
        return found
    }
}
