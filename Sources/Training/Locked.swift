import Foundation

/// A value that threads access one at a time.
///
/// It uses a POSIX lock, which the thread sanitizer understands; for the standard library's `Mutex`, it reports a race
/// at every access.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: sending Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
