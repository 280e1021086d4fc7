import Foundation

/// Measures one thread's processor time by kind of work. Kinds may nest, and each is given only the time that it does not
/// spend in others.
///
/// Nothing is measured, and next to nothing is spent, on a thread that has no timer.
package final class WorkTimer: @unchecked Sendable {
    /// The timer of this thread; nil if nobody measures it.
    @TaskLocal package static var current: WorkTimer?

    /// Returns nanoseconds of this thread's processor time.
    package typealias Clock = () -> UInt64

    // Only the thread that it measures uses a timer, and others read it after that thread is done.
    private let clock: Clock
    private var open: [Work] = [.other]
    private var since: UInt64
    private var spent: [Work: UInt64] = [:]

    /// Starts measuring this thread.
    ///
    /// - Parameter clock: only tests pass another than that of the thread.
    package init(clock: @escaping Clock = WorkTimer.threadTime) {
        self.clock = clock
        since = clock()
    }

    /// Counts the time that `body` takes on this thread as `work`.
    ///
    /// - Throws: what `body` throws.
    package static func measure<Value, Failure>(
        _ work: Work, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard let current else { return try body() }
        current.enter(work)
        defer { current.leave() }
        return try body()
    }

    /// Nanoseconds by kind of work so far.
    package var nanoseconds: [Work: UInt64] {
        settle()
        return spent
    }

    /// Nanoseconds of processor time that this thread has used.
    package static func threadTime() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    /// Nanoseconds of processor time that all threads of this process have used.
    package static func processTime() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private func enter(_ work: Work) {
        settle()
        open.append(work)
    }

    private func leave() {
        settle()
        open.removeLast()
    }

    private func settle() {
        let now = clock()
        if let work = open.last { spent[work, default: 0] += now - since }
        since = now
    }
}

private func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
