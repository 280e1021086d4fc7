import Synchronization

/// Tells whether a worker is inside a call that may never return, such as a decoder's. When such a call does return,
/// decides which of the two goes on: the worker, or the run that has given it up.
package final class WorkerWatch: Sendable {
    private static let abandoned = -1

    /// Even outside such calls, odd inside. Every entry and exit adds one, so that no two calls are confused.
    private let state = Atomic<Int>(0)
    /// Seconds that the current clip has been seen inside such calls.
    private let seconds = Atomic<Int>(0)
    /// Seconds that the current clip may spend inside such calls.
    private let allowance = Atomic<Int>(Int.max)

    package init() {}

    /// Called when a clip begins.
    func begin(allowance limit: Int) {
        seconds.store(0, ordering: .relaxed)
        allowance.store(limit, ordering: .relaxed)
    }

    /// The clip is `length` seconds long, so it may take that much longer.
    func extend(by length: Int) { allowance.wrappingAdd(length, ordering: .relaxed) }

    func enter() { state.wrappingAdd(1, ordering: .releasing) }

    /// False if the worker was given up in the meantime: it must then touch nothing that others can see.
    func leave() -> Bool {
        let inside = state.load(ordering: .relaxed)
        guard inside != Self.abandoned else { return false }
        return state.compareExchange(expected: inside, desired: inside + 1, ordering: .acquiringAndReleasing).exchanged
    }

    /// A call that a worker was seen in.
    struct Call {
        fileprivate let state: Int
        /// Seconds that the clip has been seen inside such calls.
        let spent: Int
        /// Whether that is more than its allowance.
        let isOver: Bool
    }

    /// Called once a second: the call that the worker is inside; nil if it is in none.
    func tick() -> Call? {
        let now = state.load(ordering: .acquiring)
        guard now & 1 == 1, now != Self.abandoned else { return nil }
        let spent = seconds.wrappingAdd(1, ordering: .relaxed).newValue
        return Call(state: now, spent: spent, isOver: spent > allowance.load(ordering: .relaxed))
    }

    /// Gives up the worker, if it is still inside that very call.
    func abandon(_ call: Call) -> Bool {
        state.compareExchange(expected: call.state, desired: Self.abandoned, ordering: .acquiringAndReleasing)
            .exchanged
    }

    var isAbandoned: Bool { state.load(ordering: .acquiring) == Self.abandoned }
}

/// Thrown in a worker whose call returns after the worker was given up: the worker ends silently.
struct WorkerAbandoned: Error {}
