/// The working side of a node: one instance a worker, used by that worker's thread alone.
///
/// Rows are pushed: a source steps, its outlets hand blocks to the operators below. An operator may hold rows of
/// several clips back (to share a batch) and must let them go in order, at the latest on `flush`.
package protocol Operator: AnyObject {
    /// A clip whose route runs this node is about to come.
    func begin(_ job: ClipJob) throws
    func consume(_ block: Block, input: Int, job: ClipJob) throws
    /// The last block of an input has come.
    func finish(input: Int, job: ClipJob) throws
    /// Lets go of everything held back.
    func flush() throws
    /// The clip failed or was given up: drop what is held of it.
    func abandon(_ job: ClipJob) throws
    /// The worker is done. `isComplete` is false when the run was interrupted.
    func close(isComplete: Bool) throws

    /// Itself as a node that makes blocks from a clip's file; nil where it is none.
    var source: (any Source)? { get }
    /// Itself as a node whose rows can be read back; nil where it is none.
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
    /// Emits about ten seconds of audio; false when that was the last.
    func step(_ job: ClipJob) throws -> Bool
}

extension Source {
    package var source: (any Source)? { self }
}

/// A node whose rows can be read back from the cache.
package protocol Replayable: Operator {
    func beginReplay(_ job: ClipJob) throws
    /// Emits about ten seconds' worth of rows into `outlet`; false when those were the last.
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
