import Foundation

/// A request to stop, raised by a signal or by a fault in another thread; checked between blocks.
package final class StopSignal: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false

    package init() {}

    /// Asks the run to stop. May be called more than once, from any thread.
    package func raise() {
        lock.lock()
        raised = true
        lock.unlock()
    }

    /// Whether it was raised.
    package var isRaised: Bool {
        lock.lock()
        defer { lock.unlock() }
        return raised
    }
}
