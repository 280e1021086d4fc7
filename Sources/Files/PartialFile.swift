import Glibc

/// A file that is written as `PATH.partial` and gets its name once it is whole; if it is given up before that, nothing
/// is left.
///
/// For writers that seek back within the file, such as those of audio, and for many files at once; `OutputFile` writes
/// a stream.
package final class PartialFile {
    /// Open for writing, at the start of an empty file.
    package let descriptor: Int32
    private let path: [UInt8]
    private let partial: [UInt8]
    private var isNamed = false

    /// - Parameter path: the path's bytes; its folder must exist.
    /// - Throws: `FileError` of category `inputOutput`, or `shortage` if there is no room.
    package init(_ path: [UInt8]) throws(FileError) {
        self.path = path
        partial = path + Array(".partial".utf8)
        do { descriptor = try OutputFile.openPartial(partial) } catch { throw error.at(path, isFile: true) }
        var old = stat()
        if OutputFile.withBytes(path, { stat($0, &old) }) == 0 { fchmod(descriptor, old.st_mode & 0o777) }
    }

    /// Removes the partial file of a process that was killed; leaves one alone that a process is writing, and anything
    /// that is not a regular file.
    ///
    /// - Parameter partial: the partial file's own path.
    /// - Returns: whether it was removed.
    package static func removeAbandoned(_ partial: [UInt8]) -> Bool {
        let file = OutputFile.withBytes(partial) { open($0, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, flock(file, LOCK_EX | LOCK_NB) == 0
        else { return false }
        // The process that held the lock before may have renamed the file and another one begun a new one.
        var named = stat()
        guard OutputFile.withBytes(partial, { lstat($0, &named) }) == 0, named.st_ino == status.st_ino,
            named.st_dev == status.st_dev
        else { return false }
        return OutputFile.withBytes(partial) { unlink($0) } == 0
    }

    deinit {
        if !isNamed { OutputFile.withBytes(partial) { _ = unlink($0) } }
        close(descriptor)
    }

    /// Renames it over anything at its path except a folder. It is certain to be on disk only after `sync` was called
    /// on it and on its folder: on most file systems the first of many such calls writes what all of them wait for.
    ///
    /// - Throws: `FileError` of category `inputOutput`, or `shortage` if there is no room.
    package func commit() throws(FileError) {
        let code = OutputFile.withBytes(partial) { from in OutputFile.withBytes(path) { rename(from, $0) } }
        guard code == 0 else { throw OutputFile.Fault(code: errno).at(path, isFile: true) }
        isNamed = true
    }

    /// Makes a file, or a folder's names, durable. Some file systems cannot do so for folders, and return an error that
    /// does no harm.
    ///
    /// - Throws: `FileError` of category `inputOutput`, or `shortage` if there is no room.
    package static func sync(_ path: [UInt8]) throws(FileError) {
        let file = OutputFile.withBytes(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard file >= 0 else { throw OutputFile.Fault(code: errno).at(path, isFile: true) }
        defer { close(file) }
        if fsync(file) != 0, errno != EINVAL { throw OutputFile.Fault(code: errno).at(path, isFile: true) }
    }
}
