/// One output of a node within a worker: passes blocks to the inputs connected to it.
package final class Outlet {
    private struct Consumer {
        unowned let target: any Operator
        let input: Int
        let node: Int
    }

    private var consumers: [Consumer] = []

    package init() {}

    func connect(_ target: any Operator, input: Int, node: Int) {
        consumers.append(Consumer(target: target, input: input, node: node))
    }

    /// Whether any connected node runs for this clip: if none does, the block need not be made.
    package func isWanted(_ job: ClipJob) -> Bool {
        consumers.contains { job.route.runs($0.node) }
    }

    /// Passes a block to every connected node that this clip's route runs.
    ///
    /// - Throws: what the operators downstream throw.
    package func emit(_ block: Block, _ job: ClipJob) throws {
        for consumer in consumers where job.route.runs(consumer.node) {
            try ClipFailure.attributed(to: consumer.node) {
                try consumer.target.consume(block, input: consumer.input, job: job)
            }
        }
    }

    /// Says that no more blocks of this clip will come.
    ///
    /// - Throws: what the operators downstream throw.
    package func finish(_ job: ClipJob) throws {
        for consumer in consumers where job.route.runs(consumer.node) {
            try ClipFailure.attributed(to: consumer.node) {
                try consumer.target.finish(input: consumer.input, job: job)
            }
        }
    }
}
