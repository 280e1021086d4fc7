import Errors
import Foundation

/// Claims a cache for one process. The lock is released when the process dies, so it never has to be removed by hand.
package final class CacheLock {
    /// The process that holds a cache, as recorded in the lock file.
    package struct Holder: Sendable, Equatable {
        /// Process id of the run that holds the cache.
        package let process: Int32
        /// Name of the machine it runs on.
        package let host: String
        /// When the lock was taken, to the second, in ISO 8601.
        package let since: String

        /// The text in the lock file.
        package var text: String { "process \(process) on \(host), since \(since)" }

        /// Seconds since 1970; nil if `since` is not in the expected form.
        package var started: Double? { (try? Date(since, strategy: .iso8601))?.timeIntervalSince1970 }

        /// nil if the line is not in the expected form.
        init?(line: Substring) {
            let parts = line.components(separatedBy: ", since ")
            let words = parts[0].split(separator: " ", maxSplits: 3).map(String.init)
            guard parts.count == 2, words.count == 4, words[0] == "process", words[2] == "on",
                let number = Int32(words[1])
            else { return nil }
            (process, host, since) = (number, words[3], parts[1])
        }

        /// This process, starting now.
        init() {
            process = getpid()
            host = ProcessInfo.processInfo.hostName
            since = Date().formatted(.iso8601)
        }
    }

    /// How many times, 10 ms apart, to look for the holder's name.
    private static let looksForName = 50
    /// `state` itself holds the lock for a moment, so a named holder is believed only after this many looks.
    private static let looksForPeeper = 3
    private let descriptor: Int32

    /// - Throws: `LedgerError` of kind busy, naming the holder, if another process holds the cache; of another kind if
    ///   the lock file cannot be opened or locked.
    package init(folder: String) throws(LedgerError) {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LedgerError(path: path, "cannot open", code: errno)
        }
        var looks = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let reason = errno
            let holder = Self.living(descriptor)
            // The holder writes its name a moment after it takes the lock; until then the file may name a dead process.
            if reason == EWOULDBLOCK, looks < (holder == nil ? Self.looksForName : Self.looksForPeeper) {
                looks += 1
                usleep(10_000)
                continue
            }
            // `deinit` closes the file; closing it here too could close another thread's file.
            guard reason == EWOULDBLOCK else {
                throw LedgerError(path: path, "cannot lock", code: reason)
            }
            throw LedgerError(
                .busy, path: folder, "another run has this cache: \(holder?.text ?? "an unnamed process")")
        }
        let line = Holder().text + "\n"
        ftruncate(descriptor, 0)
        _ = Array(line.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    /// Whether a process holds a cache.
    package enum State: Sendable, Equatable {
        case free
        /// nil for a process that has not written its name yet.
        case held(Holder?)
    }

    /// Looks without waiting. Without a readable lock file the cache counts as free.
    package static func state(folder: String) -> State {
        let file = open(folder + "/lock", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .free }
        defer { close(file) }
        // Closing the file releases the lock. A query that takes no lock is impossible: `/proc/locks` does not show
        // other containers' locks.
        if flock(file, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK { return .free }
        return .held(living(file))
    }

    /// The holder named in the file, if that process is alive.
    private static func living(_ descriptor: Int32) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        guard text.hasSuffix("\n"), let holder = text.split(separator: "\n").first.flatMap(Holder.init(line:)) else {
            return nil
        }
        // A process on another machine, over a network file system, cannot be checked.
        let isHere = holder.host == ProcessInfo.processInfo.hostName
        return isHere && kill(holder.process, 0) != 0 && errno == ESRCH ? nil : holder
    }
}
