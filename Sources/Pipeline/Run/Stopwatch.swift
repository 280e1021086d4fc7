/// Measures how long something takes. Setting the clock does not affect it, and it stops while the machine sleeps.
package struct Stopwatch: Sendable {
    private let start = SuspendingClock.now

    package init() {}

    /// Seconds since the stopwatch was made.
    package var seconds: Double {
        let passed = SuspendingClock.now - start
        return Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
    }
}
