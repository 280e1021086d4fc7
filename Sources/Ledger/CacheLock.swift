import Foundation

/// Says that one process works on a cache. It dies with the process: there is nothing to unlock by hand.
package final class CacheLock {
    /// Who has a cache, as the lock's file says.
    package struct Holder: Sendable, Equatable {
        /// Process id of the run that has the cache.
        package let process: Int32
        /// Name of the machine that it runs on.
        package let host: String
        /// When the lock was taken, to the second, in ISO 8601.
        package let since: String

        /// As it stands in the file.
        package var text: String { "process \(process) on \(host), since \(since)" }

        /// Seconds since 1970; nil where the file has another form.
        package var started: Double? { (try? Date(since, strategy: .iso8601))?.timeIntervalSince1970 }

        /// nil where the line has another form.
        init?(line: Substring) {
            let parts = line.components(separatedBy: ", since ")
            let words = parts[0].split(separator: " ", maxSplits: 3).map(String.init)
            guard parts.count == 2, words.count == 4, words[0] == "process", words[2] == "on",
                let number = Int32(words[1])
            else { return nil }
            (process, host, since) = (number, words[3], parts[1])
        }

        /// This process, from now on.
        init() {
            process = getpid()
            host = ProcessInfo.processInfo.hostName
            since = Date().formatted(.iso8601)
        }
    }

    /// How often the holder's name is looked for, every 10 ms.
    private static let looksForName = 50
    /// `state` takes the lock for an instant: looks before a holder with a name is believed.
    private static let looksForPeeper = 3
    private let descriptor: Int32

    /// - Throws: `LedgerError` of kind busy, naming the holder, where another process has it.
    package init(folder: String) throws(LedgerError) {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LedgerError(.inputOutput, path: path, "cannot open: " + String(cString: strerror(errno)))
        }
        var looks = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let reason = errno
            let holder = Self.living(descriptor)
            // Its name is written a moment after the lock is taken; what stands there may be that of a dead one.
            if reason == EWOULDBLOCK, looks < (holder == nil ? Self.looksForName : Self.looksForPeeper) {
                looks += 1
                usleep(10_000)
                continue
            }
            // `deinit` closes the file: a second close could be of another thread's.
            guard reason == EWOULDBLOCK else {
                throw LedgerError(.inputOutput, path: path, "cannot lock: " + String(cString: strerror(reason)))
            }
            throw LedgerError(
                .busy, path: folder, "another run has this cache: \(holder?.text ?? "an unnamed process")")
        }
        let line = Holder().text + "\n"
        ftruncate(descriptor, 0)
        _ = Array(line.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    /// Whether a process has a cache.
    package enum State: Sendable, Equatable {
        case free
        /// nil: a process that has not given its name.
        case held(Holder?)
    }

    /// Looks without waiting. Where there is no lock's file, or it cannot be read, nobody is known to have the cache.
    package static func state(folder: String) -> State {
        let file = open(folder + "/lock", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .free }
        defer { close(file) }
        // Closing the file lets go of it. Only asking is not possible: `/proc/locks` shows no other container's.
        if flock(file, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK { return .free }
        return .held(living(file))
    }

    /// Who says to have the lock, if that process lives.
    private static func living(_ descriptor: Int32) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        guard text.hasSuffix("\n"), let holder = text.split(separator: "\n").first.flatMap(Holder.init(line:)) else {
            return nil
        }
        // A holder on another machine, over a network file system, cannot be asked.
        let isHere = holder.host == ProcessInfo.processInfo.hostName
        return isHere && kill(holder.process, 0) != 0 && errno == ESRCH ? nil : holder
    }
}
