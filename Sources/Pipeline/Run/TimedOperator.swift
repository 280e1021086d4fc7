import Timing

/// An operator whose time is measured as one kind of work, apart from that of the operators below it. It throws what that
/// operator throws.
package final class TimedOperator: Source, Replayable {
    private let inner: any Operator
    private let work: Work

    package init(_ inner: any Operator, as work: Work) {
        self.inner = inner
        self.work = work
    }

    package var source: (any Source)? { inner.source == nil ? nil : self }
    package var replayable: (any Replayable)? { inner.replayable == nil ? nil : self }

    package func begin(_ job: ClipJob) throws { try WorkTimer.measure(work) { try inner.begin(job) } }

    /// - Throws: what the operator throws.
    package func consume(_ block: Block, input: Int, job: ClipJob) throws {
        try WorkTimer.measure(work) { try inner.consume(block, input: input, job: job) }
    }

    package func finish(input: Int, job: ClipJob) throws {
        try WorkTimer.measure(work) { try inner.finish(input: input, job: job) }
    }

    package func flush() throws { try WorkTimer.measure(work) { try inner.flush() } }

    package func abandon(_ job: ClipJob) throws { try WorkTimer.measure(work) { try inner.abandon(job) } }

    package func close(isComplete: Bool) throws {
        try WorkTimer.measure(work) { try inner.close(isComplete: isComplete) }
    }

    package func step(_ job: ClipJob) throws -> Bool {
        try WorkTimer.measure(work) { try inner.source?.step(job) ?? false }
    }

    /// - Throws: what the operator throws.
    package func beginReplay(_ job: ClipJob) throws {
        try WorkTimer.measure(work) { try inner.replayable?.beginReplay(job) }
    }

    package func stepReplay(_ job: ClipJob, into outlet: Outlet) throws -> Bool {
        try WorkTimer.measure(work) { try inner.replayable?.stepReplay(job, into: outlet) ?? false }
    }
}
