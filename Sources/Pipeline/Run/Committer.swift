import Foundation
import Timing

/// Makes results durable on its own thread: syncs the stores, then records the clips, always in that order.
///
/// Workers hand over outcomes and go on. A batch is whatever came in while the last one was being written, so the
/// number of syncs depends on the disk's speed and not on the number of clips.
package final class Committer: @unchecked Sendable {
    /// Workers wait while this many clips are not yet committed.
    private static let backlogLimit = 4096
    /// How long a batch waits for more clips, in seconds: a crash can lose this much.
    private static let gathering = 0.5

    private let recorder: any RunRecorder
    private let onCommit: @Sendable ([Outcome]) -> Void
    private let condition = MonotonicCondition()
    private var outcomes: [Outcome] = []
    private var retired: [any RowStore] = []
    private var isFinishing = false
    private var isOver = false
    private var fault: (any Error)?

    /// - Parameters:
    ///   - recorder: records the batches.
    ///   - onCommit: called with every batch once it is durable, on the committer's thread.
    package init(recorder: any RunRecorder, onCommit: @escaping @Sendable ([Outcome]) -> Void) {
        self.recorder = recorder
        self.onCommit = onCommit
    }

    /// Starts the committer's thread.
    package func start() {
        let profile = WorkProfile.current
        let thread = Thread { [self] in
            WorkProfile.measure(profile) { loop() }
            // Only now, so that a profile is complete when `finish` returns.
            condition.lock()
            isOver = true
            condition.broadcast()
            condition.unlock()
        }
        thread.name = "committer"
        thread.start()
    }

    /// Hands over clips that ended; waits while the backlog is full.
    ///
    /// - Throws: the fault that ended the committer, if one did.
    package func submit(_ ended: [Outcome]) throws {
        condition.lock()
        defer { condition.unlock() }
        while outcomes.count >= Self.backlogLimit, fault == nil { condition.wait() }
        if let fault { throw fault }
        // Signalled only for the first clip and for a full backlog: a wake-up for each clip costs more than the clip's
        // bookkeeping.
        let isFirst = outcomes.isEmpty
        outcomes += ended
        if isFirst || outcomes.count >= Self.backlogLimit / 2 { condition.broadcast() }
    }

    /// Hands over a store that its worker has finished with; it is sealed after the outcomes submitted so far are
    /// recorded. Outcomes with rows in the store may still come: a sealed store is durable, and syncing it again does
    /// nothing.
    package func retire(_ store: any RowStore) {
        condition.lock()
        retired.append(store)
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until everything handed over is durable.
    ///
    /// - Throws: the fault that ended the committer, if one did.
    package func finish() throws {
        condition.lock()
        defer { condition.unlock() }
        isFinishing = true
        condition.broadcast()
        while !isOver { condition.wait() }
        if let fault { throw fault }
    }

    private func loop() {
        var last: Stopwatch?
        while true {
            condition.lock()
            while outcomes.isEmpty, retired.isEmpty, !isFinishing { condition.wait() }
            // Wait for more clips to join the batch, unless something is pressing.
            while !isFinishing, retired.isEmpty, outcomes.count < Self.backlogLimit / 2,
                let passed = last?.seconds, passed < Self.gathering
            {
                if !condition.wait(seconds: Self.gathering - passed) { break }
            }
            let batch = outcomes
            let leaving = retired
            outcomes = []
            retired = []
            let isLast = isFinishing && batch.isEmpty && leaving.isEmpty
            condition.broadcast()
            condition.unlock()
            if isLast { break }
            do {
                try write(batch, leaving)
            } catch {
                condition.lock()
                fault = error
                condition.unlock()
                break
            }
            last = Stopwatch()
        }
    }

    private func write(_ batch: [Outcome], _ leaving: [any RowStore]) throws {
        if !batch.isEmpty {
            var synced: Set<Int64> = []
            for outcome in batch {
                for product in outcome.products where synced.insert(product.store.id).inserted {
                    try WorkTimer.measure(.cache) { try product.store.sync() }
                }
            }
            try WorkTimer.measure(.ledger) { try recorder.commit(batch) }
            onCommit(batch)
        }
        for store in leaving { try WorkTimer.measure(.cache) { try store.seal() } }
    }
}
