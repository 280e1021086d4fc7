/// Why one clip could not be done. It stops that clip and no other.
package struct ClipFailure: Error, Sendable, Equatable {
    /// unreadable, unsupported, empty, truncated, changed, internal ...
    package let failureClass: String
    package let reason: String
    /// Where in the file, in sample frames, where known.
    package let offset: Int64?
    /// The node that failed; the chain fills it in where the node itself does not. nil: that of the clip's file.
    package internal(set) var node: Int?

    package init(failureClass: String, reason: String, offset: Int64? = nil, node: Int? = nil) {
        self.failureClass = failureClass
        self.reason = reason
        self.offset = offset
        self.node = node
    }

    /// Runs a node's work and names the node in the failure that comes out, unless a node below it is named already.
    static func attributed<Value>(to node: Int, _ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch var failure as ClipFailure {
            failure.node = failure.node ?? node
            throw failure
        }
    }
}
