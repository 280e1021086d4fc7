import Foundation

/// A request to stop, raised by a signal or by a fault in another thread; asked between blocks.
package final class StopSignal: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false

    package init() {}

    package func raise() {
        lock.lock()
        raised = true
        lock.unlock()
    }

    package var isRaised: Bool {
        lock.lock()
        defer { lock.unlock() }
        return raised
    }
}
