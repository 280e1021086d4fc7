import Synchronization

/// Tells whether a worker is inside a call that may never come back, such as a decoder's, and settles which of the two
/// goes on when it does: the worker, or the run that has given it up.
package final class WorkerWatch: Sendable {
    private static let abandoned = -1

    /// Even outside such calls, odd inside; one more with every step in or out, so that no two calls are mistaken.
    private let state = Atomic<Int>(0)
    /// Seconds that the clip under way has been seen inside such calls.
    private let seconds = Atomic<Int>(0)
    /// Seconds that it may be.
    private let allowance = Atomic<Int>(Int.max)

    package init() {}

    /// A clip begins.
    func begin(allowance limit: Int) {
        seconds.store(0, ordering: .relaxed)
        allowance.store(limit, ordering: .relaxed)
    }

    /// The clip is so many seconds long, and may take that much more.
    func extend(by length: Int) { allowance.wrappingAdd(length, ordering: .relaxed) }

    func enter() { state.wrappingAdd(1, ordering: .releasing) }

    /// False where the worker was given up meanwhile: it must then touch nothing that others see.
    func leave() -> Bool {
        let inside = state.load(ordering: .relaxed)
        guard inside != Self.abandoned else { return false }
        return state.compareExchange(expected: inside, desired: inside + 1, ordering: .acquiringAndReleasing).exchanged
    }

    /// A call that a worker was seen inside of.
    struct Call {
        fileprivate let state: Int
        /// Seconds that the clip has been seen inside of calls.
        let spent: Int
        /// Whether that is more than it may.
        let isOver: Bool
    }

    /// A second has passed: the call that the worker is inside of; nil outside.
    func tick() -> Call? {
        let now = state.load(ordering: .acquiring)
        guard now & 1 == 1, now != Self.abandoned else { return nil }
        let spent = seconds.wrappingAdd(1, ordering: .relaxed).newValue
        return Call(state: now, spent: spent, isOver: spent > allowance.load(ordering: .relaxed))
    }

    /// Gives the worker up, if it is inside that very call still.
    func abandon(_ call: Call) -> Bool {
        state.compareExchange(expected: call.state, desired: Self.abandoned, ordering: .acquiringAndReleasing)
            .exchanged
    }

    var isAbandoned: Bool { state.load(ordering: .acquiring) == Self.abandoned }
}

/// Thrown in a worker that comes back from a call after it was given up: it ends without a word.
struct WorkerAbandoned: Error {}
