import Foundation

/// Says that one process works on a cache. It dies with the process: there is nothing to unlock by hand.
package final class CacheLock {
    /// How often the holder's name is looked for, every 10 ms.
    private static let looksForName = 50
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
            let holder = Self.holder(descriptor)
            // Its name is written a moment after the lock is taken; what stands there may be that of a dead one.
            if reason == EWOULDBLOCK, holder == nil, looks < Self.looksForName {
                looks += 1
                usleep(10_000)
                continue
            }
            // `deinit` closes the file: a second close could be of another thread's.
            guard reason == EWOULDBLOCK else {
                throw LedgerError(.inputOutput, path: path, "cannot lock: " + String(cString: strerror(reason)))
            }
            throw LedgerError(.busy, path: folder, "another run has this cache: \(holder ?? "an unnamed process")")
        }
        let line = "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Self.now())\n"
        ftruncate(descriptor, 0)
        _ = Array(line.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    /// Who says to have the lock, if that process lives.
    private static func holder(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        guard let line = text.split(separator: "\n").first, text.hasSuffix("\n"),
            let number = line.split(separator: " ").dropFirst().first.flatMap({ pid_t($0) })
        else { return nil }
        // A holder on another machine, over a network file system, cannot be asked.
        let isHere = line.contains(" on \(ProcessInfo.processInfo.hostName),")
        return isHere && kill(number, 0) != 0 && errno == ESRCH ? nil : String(line)
    }

    private static func now() -> String { Date().formatted(.iso8601) }
}
