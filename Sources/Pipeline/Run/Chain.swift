import Errors

/// A worker's own copy of the graph: its connected operators, and the clips passing through them.
package final class Chain {
    private let graph: Graph
    private var operators: [any Operator] = []
    private var outlets: [[Outlet]] = []
    /// The nodes that make blocks from a file.
    private var sources: [(node: Int, source: any Source)] = []
    private var underWay: [ClipJob] = []
    private var abandonFault: (any Error)?

    /// - Throws: what the factory throws for a node.
    package init(graph: Graph, factory: any OperatorFactory, worker: Int) throws {
        self.graph = graph
        for node in graph.nodes {
            let ports = node.outputTypes.map { _ in Outlet() }
            outlets.append(ports)
            let operation = try factory.makeOperator(for: node, outlets: ports, worker: worker)
            operators.append(operation)
            if let source = operation.source { sources.append((node.index, source)) }
        }
        for node in graph.nodes {
            for (input, edge) in node.inputs.enumerated() {
                guard let edge else { continue }
                outlets[edge.node][edge.port].connect(operators[node.index], input: input, node: node.index)
            }
        }
    }

    /// Takes one clip through its route. Its last rows may still be waiting in a shared batch afterwards.
    ///
    /// - Parameter shouldStop: asked between blocks; true gives the clip up, to be done by a later run.
    /// - Returns: false if the clip was given up.
    /// - Throws: only what ends the run; a fault of the clip itself is recorded in the job.
    package func process(_ job: ClipJob, shouldStop: () -> Bool) throws -> Bool {
        underWay.append(job)
        job.onFailure = { [unowned self, unowned job] in
            do { try abandon(job) } catch { abandonFault = abandonFault ?? error }
        }
        do {
            try start(job)
            var sources = try openSources(job)
            var turn = 0
            // Sources take turns, so that a stage that joins two of them never holds more than a few steps of one.
            while !sources.isEmpty {
                if shouldStop() {
                    try abandon(job)
                    underWay.removeAll { $0 === job }
                    return false
                }
                if job.failure != nil { break }
                turn %= sources.count
                let source = sources[turn]
                let goesOn = try ClipFailure.attributed(to: source.node) {
                    if try source.step() { return true }
                    try source.finish()
                    return false
                }
                if goesOn { turn += 1 } else { sources.remove(at: turn) }
            }
        } catch let failure as ClipFailure {
            job.fail(failure)
        }
        job.isDrained = true
        if let abandonFault { throw abandonFault }
        return true
    }

    /// Clips that have begun and not yet ended.
    var unfinished: [ClipJob] { underWay }

    /// Makes every operator release the rows it holds back, so that all drained clips complete.
    ///
    /// - Throws: what an operator throws: a fault that ends the run.
    package func flush() throws {
        for operation in operators { try operation.flush() }
    }

    /// The clips that ended since the last call, done or failed, in the order in which they began.
    ///
    /// - Throws: what an operator throws: a fault that ends the run.
    package func takeEnded() throws -> [ClipJob] {
        if let abandonFault { throw abandonFault }
        guard underWay.contains(where: { $0.isDrained && ($0.isComplete || $0.failure != nil) }) else { return [] }
        var ended: [ClipJob] = []
        var left: [ClipJob] = []
        for job in underWay {
            if job.isDrained, job.isComplete || job.failure != nil { ended.append(job) } else { left.append(job) }
        }
        underWay = left
        return ended
    }

    /// Drained clips that did not complete even after a flush: a fault of a stage, reported as such.
    package func takeStranded() -> [ClipJob] {
        defer { underWay = [] }
        for job in underWay {
            let missing = graph.nodes.filter { node in
                job.route.isTarget(node.index) && !job.products.contains { $0.node == node.index }
            }
            job.fail(
                ClipFailure(
                    failureClass: .internal,
                    reason: "no rows from " + missing.map(\.name).joined(separator: ", ") + " at the end of the run",
                    node: missing.first?.index))
        }
        return underWay
    }

    /// Tells every operator that the worker is done.
    ///
    /// - Parameter isComplete: false when the run was interrupted.
    ///
    /// - Throws: what an operator throws: a fault that ends the run.
    package func close(isComplete: Bool) throws {
        for operation in operators { try operation.close(isComplete: isComplete) }
    }

    private func start(_ job: ClipJob) throws {
        for node in graph.nodes where job.route.runs(node.index) {
            try ClipFailure.attributed(to: node.index) { try operators[node.index].begin(job) }
        }
    }

    private func abandon(_ job: ClipJob) throws {
        for operation in operators { try operation.abandon(job) }
    }

    private func openSources(_ job: ClipJob) throws -> [OpenSource] {
        var open: [OpenSource] = []
        for replay in job.route.replays {
            guard let cache = operators[replay.cache].replayable else {
                throw graph.error(
                    graph.nodes[replay.cache], "its kind is replayable, but its operator cannot read rows back")
            }
            try ClipFailure.attributed(to: replay.cache) { try cache.beginReplay(job) }
            let outlet = outlets[replay.node][0]
            open.append(
                OpenSource(
                    node: replay.cache, step: { try cache.stepReplay(job, into: outlet) },
                    finish: { try outlet.finish(job) }))
        }
        for (node, source) in sources where job.route.runs(node) {
            let outlet = outlets[node][0]
            open.append(
                OpenSource(node: node, step: { try source.step(job) }, finish: { try outlet.finish(job) }))
        }
        return open
    }

    private struct OpenSource {
        let node: Int
        let step: () throws -> Bool
        let finish: () throws -> Void
    }
}
