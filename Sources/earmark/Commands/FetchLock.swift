import Errors
import Files
import Foundation

/// Held by the one process that fetches a file, and released when that process ends, however it ends.
final class FetchLock {
    private let descriptor: Int32

    /// Waits until no other process holds the lock.
    ///
    /// - Parameters:
    ///   - path: the lock's own file, which stays: one that is removed could be locked twice, under the old name and anew.
    ///   - waiting: told once, before waiting.
    /// - Throws: `CommandError` of status 74 where the file cannot be made.
    init(_ path: String, waiting: () -> Void) throws {
        descriptor = FileSystem.withBytes(path) { open($0, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644) }
        guard descriptor >= 0 else {
            throw CommandError(.inputOutput, at: "\(path)", "cannot make it: \(String(cString: strerror(errno)))")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        if errno == EWOULDBLOCK { waiting() }
        // File systems that cannot lock leave it to the rename, which is safe and only fetches twice.
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    }

    deinit { close(descriptor) }
}
