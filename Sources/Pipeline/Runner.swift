import Foundation

/// Carries out a plan with worker threads of their own, one whole chain each.
///
/// Threads, not a task group: the work is bound by the processor, and a task group would starve timers and progress.
package final class Runner: @unchecked Sendable {
    /// What a run came to.
    package struct Result: Sendable {
        package var done = 0
        package var failed = 0
        package var wasInterrupted = false

        package init() {}
    }

    /// Looks up a clip by its place in the manifest, on a worker's thread.
    package typealias ClipLookup = @Sendable (_ index: Int) -> (id: Int64, name: String, path: String)

    private let plan: Plan
    private let factory: any OperatorFactory
    private let recorder: any RunRecorder
    private let committer: Committer
    private let lookup: ClipLookup
    private let stop: StopSignal
    private let lock = NSLock()
    private var result = Result()
    private var fault: (any Error)?

    /// - Parameters:
    ///   - committer: shared with the factory, whose operators retire their stores to it.
    ///   - stop: raised from outside to interrupt the run.
    package init(
        plan: Plan, factory: any OperatorFactory, recorder: any RunRecorder, committer: Committer,
        stop: StopSignal, lookup: @escaping ClipLookup
    ) {
        self.plan = plan
        self.factory = factory
        self.recorder = recorder
        self.committer = committer
        self.stop = stop
        self.lookup = lookup
    }

    /// Runs to the end, or until stopped. Returns only when everything that was done is durable.
    ///
    /// - Throws: the first fault that ended the run: a full disk, a broken ledger, a fault of a stage.
    package func run(workers: Int) throws -> Result {
        let queue = WorkQueue(plan)
        committer.start()
        let group = DispatchGroup()
        for worker in 0..<max(1, min(workers, max(1, plan.pending))) {
            group.enter()
            let thread = Thread { [self] in
                work(worker, queue)
                group.leave()
            }
            thread.name = "worker \(worker)"
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        do { try committer.finish() } catch { note(error) }
        lock.lock()
        defer { lock.unlock() }
        if let fault { throw fault }
        result.wasInterrupted = stop.isRaised
        return result
    }

    private func work(_ worker: Int, _ queue: WorkQueue) {
        do {
            let chain = try Chain(graph: plan.graph, factory: factory, worker: worker)
            do {
                while !stop.isRaised, let (index, route) = queue.take() {
                    let clip = lookup(index)
                    let job = ClipJob(index: index, id: clip.id, name: clip.name, path: clip.path, route: route)
                    recorder.noteStart(clip: clip.id, worker: worker)
                    if try !chain.process(job, shouldStop: { stop.isRaised }) { break }
                    try hand(over: chain.takeEnded())
                }
                // Also when interrupted: what waits in a shared batch is a fraction of a second of work.
                try chain.flush()
                try hand(over: chain.takeEnded())
                try hand(over: chain.takeStranded())
                try chain.close(isComplete: !stop.isRaised)
            } catch {
                note(error)
                try? chain.close(isComplete: false)
            }
        } catch {
            note(error)
        }
    }

    private func hand(over ended: [ClipJob]) throws {
        guard !ended.isEmpty else { return }
        let outcomes = ended.map(Outcome.init)
        try committer.submit(outcomes)
        lock.lock()
        for outcome in outcomes {
            if outcome.failure == nil { result.done += 1 } else { result.failed += 1 }
        }
        lock.unlock()
    }

    private func note(_ error: any Error) {
        lock.lock()
        if fault == nil { fault = error }
        lock.unlock()
        stop.raise()
    }
}
