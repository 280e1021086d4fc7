import Foundation

/// Named points where a test can have the process killed, as a power cut would: `EARMARK_CRASH_AT=NAME`, or `NAME:N`
/// for the N-th time. Without the variable a point costs one comparison.
package enum CrashPoint {
    private static let wanted: (name: String, count: Int)? = {
        guard let text = ProcessInfo.processInfo.environment["EARMARK_CRASH_AT"] else { return nil }
        let parts = text.split(separator: ":")
        return parts.first.map { (String($0), parts.count > 1 ? Int(parts[1]) ?? 1 : 1) }
    }()
    private static let lock = NSLock()
    nonisolated(unsafe) private static var seen = 0

    /// Kills the process if this is the point, and the time, that the test asked for.
    package static func hit(_ name: String) {
        guard let wanted, wanted.name == name else { return }
        lock.lock()
        seen += 1
        let isDue = seen == wanted.count
        lock.unlock()
        if isDue { kill(getpid(), SIGKILL) }
    }
}
