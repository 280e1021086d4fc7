/// Measures how long something takes. Setting the clock does not move it, and it rests while the machine sleeps.
package struct Stopwatch: Sendable {
    private let start = SuspendingClock.now

    package init() {}

    /// Since it was made.
    package var seconds: Double {
        let passed = SuspendingClock.now - start
        return Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
    }
}
