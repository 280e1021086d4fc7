import Foundation

/// Says that one process works on a cache. It dies with the process: there is nothing to unlock by hand.
package final class CacheLock {
    private let descriptor: Int32

    /// - Throws: `LedgerError` of kind busy, naming the holder, where another process has it.
    package init(folder: String) throws(LedgerError) {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LedgerError(.inputOutput, path: path, "cannot open: " + String(cString: strerror(errno)))
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let reason = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw LedgerError(.inputOutput, path: path, "cannot lock: " + String(cString: strerror(reason)))
            }
            throw LedgerError(.busy, path: folder, "another run has this cache: \(holder)")
        }
        let line = "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Self.now())\n"
        ftruncate(descriptor, 0)
        _ = Array(line.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return text.split(separator: "\n").first.map(String.init) ?? "an unnamed process"
    }

    private static func now() -> String { Date().formatted(.iso8601) }
}
