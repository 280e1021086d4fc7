import Dispatch
import Synchronization

/// Distributes numbered items over a few threads, each of which takes the next item when it is free.
package enum Parallel {
    /// Calls `body` once for every item below `count`, with the number of the worker, and returns when all calls are
    /// done.
    package static func forEach(_ count: Int, threads: Int, _ body: @Sendable (_ item: Int, _ worker: Int) -> Void) {
        let workers = min(threads, count)
        guard workers > 1 else {
            for item in 0..<count { body(item, 0) }
            return
        }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while true {
                let item = next.add(1, ordering: .relaxed).oldValue
                if item >= count { return }
                body(item, worker)
            }
        }
    }
}
