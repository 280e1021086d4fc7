import Errors
import Files
import Foundation

/// A lock that is held by the one process that fetches a file, and released when that process ends, however it ends.
final class FetchLock {
    private let descriptor: Int32

    /// Takes the lock, after waiting until no other process holds it.
    ///
    /// - Parameters:
    ///   - path: the lock's own file. It is never removed, as two processes could then hold the lock: one on the
    ///     removed file, the other on a new one.
    ///   - waiting: called once, before waiting.
    /// - Throws: `CommandError` of status 74 if the file cannot be made.
    init(_ path: String, waiting: () -> Void) throws {
        descriptor = FileSystem.withBytes(path) { open($0, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644) }
        guard descriptor >= 0 else {
            throw CommandError(.inputOutput, at: "\(path)", "cannot make it: \(String(cString: strerror(errno)))")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        if errno == EWOULDBLOCK { waiting() }
        // On a file system without locks only the rename protects the file, which is safe and at worst fetches twice.
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    }

    deinit { close(descriptor) }
}
