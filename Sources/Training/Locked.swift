import Foundation

/// A value that threads take turns at.
///
/// By a POSIX lock, which the thread sanitizer understands; of the standard library's `Mutex` it sees a race in every turn.
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
