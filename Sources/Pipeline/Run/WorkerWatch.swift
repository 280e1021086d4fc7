import Synchronization

/// Tells whether a worker is inside a call that may never return, such as a decoder's or a model's. When such a call does return,
/// decides which of the two goes on: the worker, or the run that has given it up.
package final class WorkerWatch: Sendable {
    private static let abandoned = -1

    /// Even outside such calls, odd inside. Every entry and exit adds one, so that no two calls are confused.
    private let state = Atomic<Int>(0)
    /// Seconds that the current clip has been seen inside calls of decoders.
    private let seconds = Atomic<Int>(0)
    /// Seconds that the current clip may spend inside calls of decoders.
    private let allowance = Atomic<Int>(Int.max)
    /// Seconds that the current call of a model has been seen; such a call is for several clips, so it has a time of its own.
    private let callSeconds = Atomic<Int>(0)
    /// Seconds that the current call of a model may take; 0 if the current call is a decoder's.
    private let callLimit = Atomic<Int>(0)

    package init() {}

    /// Called when a clip begins.
    func begin(allowance limit: Int) {
        seconds.store(0, ordering: .relaxed)
        allowance.store(limit, ordering: .relaxed)
    }

    /// The clip is `length` seconds long, so it may take that much longer.
    func extend(by length: Int) { allowance.wrappingAdd(length, ordering: .relaxed) }

    /// - Parameter limit: seconds that a call of a model may take; nil for a call of a decoder, whose time is the clip's.
    func enter(limit: Int? = nil) {
        callSeconds.store(0, ordering: .relaxed)
        callLimit.store(limit ?? 0, ordering: .relaxed)
        state.wrappingAdd(1, ordering: .releasing)
    }

    /// False if the worker was given up in the meantime: it must then touch nothing that others can see.
    func leave() -> Bool {
        let inside = state.load(ordering: .relaxed)
        guard inside != Self.abandoned else { return false }
        return state.compareExchange(expected: inside, desired: inside + 1, ordering: .acquiringAndReleasing).exchanged
    }

    /// A call that a worker was seen in.
    struct Call {
        fileprivate let state: Int
        /// Seconds that the clip has been seen inside calls of decoders, or that this call of a model has been seen.
        let spent: Int
        /// Whether that is more than its allowance.
        let isOver: Bool
        /// Whether it is a call of a model.
        let isOfModel: Bool
    }

    /// Called once a second: the call that the worker is inside; nil if it is in none.
    func tick() -> Call? {
        let now = state.load(ordering: .acquiring)
        guard now & 1 == 1, now != Self.abandoned else { return nil }
        // If the call ends here and another begins, the times are of two calls, but then `abandon` does nothing.
        let limit = callLimit.load(ordering: .relaxed)
        if limit > 0 {
            let spent = callSeconds.wrappingAdd(1, ordering: .relaxed).newValue
            return Call(state: now, spent: spent, isOver: spent > limit, isOfModel: true)
        }
        let spent = seconds.wrappingAdd(1, ordering: .relaxed).newValue
        return Call(state: now, spent: spent, isOver: spent > allowance.load(ordering: .relaxed), isOfModel: false)
    }

    /// Gives up the worker, if it is still inside that very call.
    func abandon(_ call: Call) -> Bool {
        state.compareExchange(expected: call.state, desired: Self.abandoned, ordering: .acquiringAndReleasing)
            .exchanged
    }

    var isAbandoned: Bool { state.load(ordering: .acquiring) == Self.abandoned }
}

/// Thrown in a worker whose call returns after the worker was given up: the worker ends silently.
package struct WorkerAbandoned: Error {}
