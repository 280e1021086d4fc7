import Cache
import Foundation
import Pipeline
import Synchronization

/// Keeps `part.json` of a part up to date while the part is worked on. May be used from any thread.
///
/// Best effort: a run whose state cannot be written, as on a full disk, goes on, and ends with its own error if its
/// results cannot be written either.
package final class PartProgress: Sendable {
    /// Seconds between two writings.
    private static let interval = 5.0

    private struct Current {
        var state: PartState
        var written = Stopwatch()
    }

    private let folder: CacheFolder
    private let current: Mutex<Current>

    /// - Parameter folder: the part's cache, which must exist.
    package init(_ state: PartState, in folder: CacheFolder) {
        self.folder = folder
        current = Mutex(Current(state: state))
    }

    /// What was done and failed before this process began.
    package func begin(_ plan: Plan) {
        update(isDue: true) {
            $0.done = plan.count(.done)
            $0.failed = plan.count(.failed)
        }
    }

    /// Adds clips that became durable.
    package func add(_ outcomes: [Outcome]) {
        let failed = outcomes.count { $0.failure != nil }
        update(isDue: false) {
            $0.failed += failed
            $0.done += outcomes.count - failed
        }
    }

    /// The process ends.
    ///
    /// - Parameter fault: the error that ended it.
    package func end(_ phase: PartState.Phase, fault: String? = nil) {
        update(isDue: true) {
            $0.phase = phase
            $0.fault = fault
        }
    }

    private func update(isDue: Bool, _ change: (inout PartState) -> Void) {
        current.withLock { current in
            change(&current.state)
            guard isDue || current.written.seconds >= Self.interval else { return }
            try? current.state.write(folder)
            current.written = Stopwatch()
        }
    }
}
