/// Finds the least work that completes a clip, given what its cache already holds.
package struct RoutePlanner {
    private let graph: Graph
    /// Node -> cache nodes that hold exactly its output (losslessly), lowest index first.
    private let standIns: [Int: [Int]]
    private var memo: [UInt64: Route] = [:]

    /// - Parameter isLossless: whether a cache node's rows equal its input bit for bit.
    package init(graph: Graph, isLossless: (Graph.Node) -> Bool) {
        self.graph = graph
        var found: [Int: [Int]] = [:]
        for node in graph.nodes where node.definition.isReplayable {
            found[node.index, default: []].append(node.index)
            if let edge = node.inputs.first ?? nil, edge.port == 0, isLossless(node) {
                found[edge.node, default: []].append(node.index)
            }
        }
        standIns = found
    }

    /// The route for a clip that already has results for the nodes in `available`; nil if there is nothing to do.
    package mutating func route(available: UInt64) -> Route? {
        let lacking = graph.persistent & ~available
        if lacking == 0 { return nil }
        if let known = memo[available] { return known }
        var mustRun: UInt64 = 0
        var attempt = attempt(lacking, available, mustRun)
        // A stage whose first output is read from the cache must run after all where another of its outputs is needed too.
        while attempt.unmet != 0 {
            mustRun |= attempt.unmet
            attempt = self.attempt(lacking, available, mustRun)
        }
        memo[available] = attempt.route
        return attempt.route
    }

    /// The least work in which the nodes of `mustRun` run, and those of which an output is needed that is not made in it.
    private func attempt(_ lacking: UInt64, _ available: UInt64, _ mustRun: UInt64) -> (route: Route, unmet: UInt64) {
        var route = Route(targets: lacking)
        var state = State(mustRun: mustRun)
        for node in graph.nodes where lacking & 1 << UInt64(node.index) != 0 {
            run(node.index, available, &route, &state)
        }
        return (route, state.others & ~route.runs)
    }

    /// What is decided so far, as bit masks over the nodes.
    private struct State {
        let mustRun: UInt64
        /// Nodes that run or whose rows are read.
        var settled: UInt64 = 0
        /// Nodes of which an output other than the first is needed, which no cache stands in for.
        var others: UInt64 = 0
    }

    private func run(_ index: Int, _ available: UInt64, _ route: inout Route, _ state: inout State) {
        let bit = UInt64(1) << UInt64(index)
        if state.settled & bit != 0 { return }
        state.settled |= bit
        route.runs |= bit
        for case let edge? in graph.nodes[index].inputs { require(edge, available, &route, &state) }
    }

    private func require(_ edge: Graph.Edge, _ available: UInt64, _ route: inout Route, _ state: inout State) {
        let bit = UInt64(1) << UInt64(edge.node)
        if edge.port != 0 { state.others |= bit }
        if state.settled & bit != 0 { return }
        // A node that must run anyway, because it is itself a target, is not replaced: its rows are made now. Nor is one
        // whose companion rows are not in the cache, as the stages below could not tell what belongs to its rows.
        let lacking = graph.persistent & ~available
        if lacking & bit == 0, edge.port == 0, state.mustRun & bit == 0,
            let cache = standIns[edge.node]?.first(where: {
                available & 1 << UInt64($0) != 0 && lacking & graph.nodes[$0].companions == 0
            })
        {
            state.settled |= bit
            route.replays.append(Route.Replay(node: edge.node, cache: cache))
        } else {
            run(edge.node, available, &route, &state)
        }
    }
}
