/// The working side of a node: one instance per worker, used only by that worker's thread.
///
/// Rows are pushed: a source steps, and its outlets pass blocks to the operators below. An operator may hold back rows
/// of several clips (to share a batch) and must release them in order, on `flush` at the latest.
package protocol Operator: AnyObject {
    /// A clip whose route runs this node is about to start.
    func begin(_ job: ClipJob) throws
    func consume(_ block: Block, input: Int, job: ClipJob) throws
    /// The last block of an input has arrived.
    func finish(input: Int, job: ClipJob) throws
    /// Releases everything held back.
    func flush() throws
    /// The clip failed or was given up: drop everything held for it.
    func abandon(_ job: ClipJob) throws
    /// The worker is done. `isComplete` is false when the run was interrupted.
    func close(isComplete: Bool) throws

    /// This operator as a node that makes blocks from a clip's file; nil if it is not one.
    var source: (any Source)? { get }
    /// This operator as a node whose rows can be read back; nil if it is not one.
    var replayable: (any Replayable)? { get }
}

extension Operator {
    package var source: (any Source)? { nil }
    package var replayable: (any Replayable)? { nil }
    package func flush() throws {}
    package func abandon(_ job: ClipJob) throws {}
    package func close(isComplete: Bool) throws {}
}

/// A node that makes blocks from a clip's file.
package protocol Source: Operator {
    /// Emits about ten seconds of audio; returns false if that was the last.
    func step(_ job: ClipJob) throws -> Bool
}

extension Source {
    package var source: (any Source)? { self }
}

/// A node whose rows can be read back from the cache.
package protocol Replayable: Operator {
    func beginReplay(_ job: ClipJob) throws
    /// Emits about ten seconds' worth of rows into `outlet`; returns false if those were the last.
    func stepReplay(_ job: ClipJob, into outlet: Outlet) throws -> Bool
}

extension Replayable {
    package var replayable: (any Replayable)? { self }
}

/// Makes operators for a worker.
package protocol OperatorFactory: Sendable {
    /// - Parameters:
    ///   - outlets: one for each of the node's outputs.
    ///   - worker: 0-based.
    func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator
}
