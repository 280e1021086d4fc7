import Errors

/// Why one clip could not be done. It stops only that clip.
package struct ClipFailure: Error, Sendable, Equatable {
    package let failureClass: FailureClass
    package let reason: String
    /// Where in the file, in sample frames, if known.
    package let offset: Int64?
    /// The node that failed; the chain fills it in if the node itself does not. nil if the file itself is at fault.
    package internal(set) var node: Int?

    package init(failureClass: FailureClass, reason: String, offset: Int64? = nil, node: Int? = nil) {
        self.failureClass = failureClass
        self.reason = reason
        self.offset = offset
        self.node = node
    }

    /// Runs a node's work and names the node in any failure thrown, unless a node below it is already named.
    static func attributed<Value>(to node: Int, _ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch var failure as ClipFailure {
            failure.node = failure.node ?? node
            throw failure
        }
    }
}
