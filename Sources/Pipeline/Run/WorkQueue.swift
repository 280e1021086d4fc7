import Foundation

/// The clips of a plan that have work to do, handed out one by one in manifest order. Nothing is allocated for a clip
/// until it is asked for.
final class WorkQueue: @unchecked Sendable {
    /// A clip to work on.
    struct Item {
        let index: Int
        let route: Route
        /// No other worker has a clip at the same time.
        let isAlone: Bool
    }

    private let plan: Plan
    private let stop: StopSignal
    private let condition = MonotonicCondition()
    /// Clips that go first, each while nothing else is in flight; taken from the end.
    private var alone: [Int]
    private let suspects: Set<Int>
    private var loner: WorkerWatch?
    /// Clips of workers that were given up.
    private var returned: [Int] = []
    private var next = 0

    /// - Parameter alone: places of clips that may crash the process. Run alone, a clip that does is known for certain.
    init(_ plan: Plan, alone: [Int] = [], stop: StopSignal) {
        self.plan = plan
        self.stop = stop
        self.alone = alone.filter { plan.assignments[$0] >= 0 }.sorted(by: >)
        suspects = Set(self.alone)
    }

    /// The next clip; nil at the end. Asking for one also says that the worker has finished its last one.
    func take(_ worker: WorkerWatch) -> Item? {
        condition.lock()
        defer { condition.unlock() }
        release(worker)
        while loner != nil {
            if stop.isRaised { return nil }
            _ = condition.wait(seconds: 0.2)
        }
        if let index = alone.popLast() {
            loner = worker
            return item(index, isAlone: true)
        }
        if let index = returned.popLast() { return item(index) }
        while next < plan.assignments.count {
            let index = next
            next += 1
            if plan.assignments[index] >= 0, !suspects.contains(index) { return item(index) }
        }
        return nil
    }

    /// The worker takes no more clips; those it could not finish are put back in the queue.
    func leave(_ worker: WorkerWatch, returning unfinished: [Int] = []) {
        condition.lock()
        release(worker)
        returned += unfinished
        condition.unlock()
    }

    private func release(_ worker: WorkerWatch) {
        guard loner === worker else { return }
        loner = nil
        condition.broadcast()
    }

    private func item(_ index: Int, isAlone: Bool = false) -> Item {
        Item(index: index, route: plan.routes[Int(plan.assignments[index])], isAlone: isAlone)
    }
}
