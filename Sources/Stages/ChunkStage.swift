import Errors
import Features
import Pipeline

/// Pads a wave with zeros to the end of its last chunk. The chunks themselves are views, created where they are used.
struct ChunkStage: StageKind {
    static let definition = StageDefinition(
        name: "chunk", inputs: [.init([.wave])], outputs: [.init("chunks", .chunks)],
        parameters: ChunkSettings.definitions, identity: { try ChunkSettings($0).identity })

    let facts: StreamFacts
    private let node: Int
    private let plan: ChunkPlan

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> ChunkStage {
        let plan: ChunkPlan
        do { plan = try ChunkSettings(node.parameters).plan } catch { throw context.error(node, "\(error)") }
        var facts = context.facts(above: node)
        let found = facts.rate ?? 0
        guard plan.frontEnd.rate == found else {
            throw context.error(
                node,
                "its samples come at \(found) Hz, but preset '\(node.parameters["preset"] ?? "")' has "
                    + "\(plan.frontEnd.rate) Hz; expected 'rate: \(plan.frontEnd.rate)' in the resample stage, or "
                    + "'rate: \(found)' here")
        }
        facts.chunks = plan
        facts.chunkNode = node.index
        return ChunkStage(facts: facts, node: node.index, plan: plan)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        ChunkOperator(node: node, plan: plan, outlet: outlets[0])
    }
}

private final class ChunkOperator: Operator {
    private let node: Int
    private let outlet: Outlet
    private let plan: ChunkPlan
    private let zeros: [Float]
    private var samples = 0

    init(node: Int, plan: ChunkPlan, outlet: Outlet) {
        self.node = node
        self.plan = plan
        self.outlet = outlet
        zeros = [Float](repeating: 0, count: plan.span)
    }

    func begin(_ job: ClipJob) { samples = 0 }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        samples += block.rows
        try outlet.emit(block, job)
    }

    func finish(input: Int, job: ClipJob) throws {
        guard samples > 0 else {
            throw ClipFailure(failureClass: .empty, reason: "no samples at \(plan.frontEnd.rate) Hz")
        }
        job.note(samples: samples, of: node)
        var missing = plan.paddedLength(samples: samples) - samples
        while missing > 0 {
            let count = min(missing, zeros.count)
            try zeros.withUnsafeBufferPointer {
                try outlet.emit(Block(UnsafeBufferPointer(rebasing: $0[..<count]), rate: plan.frontEnd.rate), job)
            }
            missing -= count
        }
        try outlet.finish(job)
    }
}
