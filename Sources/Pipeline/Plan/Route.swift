/// What has to be done for a clip, as bit masks over the graph's nodes. Clips in the same state share one route.
package struct Route: Hashable, Sendable {
    /// The persistent nodes whose results this clip lacks.
    package var targets: UInt64 = 0
    /// The nodes that run, targets included.
    package var runs: UInt64 = 0
    /// For each node whose output is read from the cache, the cache node that holds it.
    package var replays: [Replay] = []

    /// Rows of a cache node that are read instead of running a node.
    package struct Replay: Hashable, Sendable {
        /// The node that is replaced.
        package let node: Int
        /// The cache node whose rows are read; the same as `node` or a lossless cache of it.
        package let cache: Int
    }

    /// Whether a node runs for the clip.
    package func runs(_ node: Int) -> Bool { runs & 1 << UInt64(node) != 0 }
    /// Whether a node's rows are to be stored.
    package func isTarget(_ node: Int) -> Bool { targets & 1 << UInt64(node) != 0 }
}
