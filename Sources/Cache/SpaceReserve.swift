import Files
import Foundation

/// A file in a cache folder that holds some space while a run goes on. If the disk fills up, it is deleted, so that the
/// ledger can still record why the run ended, and a prune has room to begin.
package struct SpaceReserve: Sendable {
    /// The bytes that it holds: many pages of the ledger's log.
    private static let size = 1 << 20

    private let path: String

    package init(cache: CacheFolder) { path = cache.folder + "/reserve" }

    /// Takes the space. It is only a precaution, so nothing is said if there is none.
    package func take() {
        let descriptor = FileSystem.withBytes(path) { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { return }
        // The blocks must be the file's own: a hole holds nothing.
        let code = posix_fallocate(descriptor, 0, Self.size)
        close(descriptor)
        if code != 0 { free() }
    }

    /// Gives the space back.
    package func free() { _ = FileSystem.withBytes(path) { unlink($0) } }
}
