import Features
import Pipeline

/// Turns a padded wave into log-mel frames, each of which is computed only once, whatever the overlap.
struct LogMelStage: StageKind {
    static let definition = StageDefinition(
        name: "log-mel", codeVersion: 2, inputs: [.init([.chunks])], outputs: [.init("mel", .mel)],
        parameters: LogMelSettings.definitions, identity: { try LogMelSettings($0).frontEnd.identityOfFrames })

    let facts: StreamFacts
    private let frontEnd: FrontEnd

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> LogMelStage {
        var facts = context.facts(above: node)
        guard let chunks = facts.chunks, let chunkNode = facts.chunkNode else {
            throw context.error(node, "found no chunk stage above it, expected one")
        }
        let chunkName = context.graph.nodes[chunkNode].name
        do {
            let frontEnd = try LogMelSettings(node.parameters).over(chunks)
            guard chunks.hop.isMultiple(of: frontEnd.hop) else {
                let milliseconds = 1000 / Double(chunks.frontEnd.rate)
                throw context.error(
                    node,
                    "a chunk begins every \(Double(chunks.hop) * milliseconds) ms, expected a multiple of "
                        + "\(Double(frontEnd.hop) * milliseconds) ms, from frame to frame: another 'overlap' in stage "
                        + "'\(chunkName)'")
            }
            let plan = try chunks.serving(frontEnd)
            facts.mel = plan
            return LogMelStage(facts: facts, frontEnd: plan.frontEnd)
        } catch let error as PipelineError {
            throw error
        } catch {
            throw context.error(
                node, "\(error); expected a 'preset' in stage '\(chunkName)', and a 'rate' in both, that match")
        }
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) throws -> any Operator {
        try LogMelOperator(frontEnd: frontEnd, outlet: outlets[0])
    }
}

private final class LogMelOperator: Operator {
    private let outlet: Outlet
    private let logMel: LogMel
    private let bands: Int

    init(frontEnd: FrontEnd, outlet: Outlet) throws {
        self.outlet = outlet
        logMel = try LogMel(frontEnd: frontEnd)
        bands = frontEnd.bands
    }

    func begin(_ job: ClipJob) { logMel.reset() }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        try logMel.process(block.values) { frames, _ in
            try outlet.emit(Block(frames, columns: bands), job)
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        try logMel.finish { frames, _ in try outlet.emit(Block(frames, columns: bands), job) }
        try outlet.finish(job)
    }
}
