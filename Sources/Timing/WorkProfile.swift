import Foundation

/// Adds up what the threads of a run measure.
package final class WorkProfile: @unchecked Sendable {
    /// The profile that threads started from here add to; nil if nobody measures.
    @TaskLocal package static var current: WorkProfile?

    private let lock = NSLock()
    private var sums: [Work: UInt64] = [:]

    package init() {}

    /// Runs `body` with a timer for this thread, whose times are added when it ends. Without a profile it only runs it.
    ///
    /// - Throws: what `body` throws.
    package static func measure<Value>(_ profile: WorkProfile?, _ body: () throws -> Value) rethrows -> Value {
        guard let profile else { return try body() }
        let timer = WorkTimer()
        defer { profile.add(timer.nanoseconds) }
        return try WorkTimer.$current.withValue(timer) { try $current.withValue(profile) { try body() } }
    }

    /// Seconds of processor time by kind of work, of the threads that have ended.
    package var seconds: [Work: Double] { lock.withLock { sums.mapValues { Double($0) / 1e9 } } }

    private func add(_ times: [Work: UInt64]) {
        lock.withLock { sums.merge(times) { $0 + $1 } }
    }
}
