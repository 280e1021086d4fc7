import Cache
import Errors
import Features
import Pipeline
import Shards

/// Pads a wave with zeros to the end of its last chunk. The chunks themselves are views, created where they are used.
///
/// With `skip-below` it also keeps the level of each chunk, in dBFS as float32. Which chunks are skipped follows from the
/// kept levels alone, so it is the same for chunks made just now and for rows read from a cache later.
struct ChunkStage: StageKind {
    static let definition = StageDefinition(
        name: "chunk", inputs: [.init([.wave])], outputs: [.init("chunks", .chunks)],
        parameters: ChunkSettings.definitions, companionKey: ChunkSettings.skipKey,
        identity: { try ChunkSettings($0).identity })

    let facts: StreamFacts
    private let node: Graph.Node
    private let plan: ChunkPlan

    var kept: EdgeType? { node.hasCompanion ? .levels : nil }

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
        facts.skipping = node.parameters[ChunkSettings.skipKey].flatMap(Double.init).map {
            StreamFacts.Skipping(node: node, level: $0)
        }
        return ChunkStage(facts: facts, node: node, plan: plan)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        let levels = facts.skipping.map { skipping in
            LevelKeeper(
                node: node.index, plan: plan, level: skipping.level,
                appender: resources.makeAppender(node.name, EdgeType.levels.rawValue, .float32))
        }
        return ChunkOperator(node: node.index, plan: plan, levels: levels, outlet: outlets[0])
    }
}

private final class ChunkOperator: Operator {
    private let node: Int
    private let outlet: Outlet
    private let plan: ChunkPlan
    private let zeros: [Float]
    /// nil if every chunk is to be heard.
    private let levels: LevelKeeper?
    private var samples = 0

    init(node: Int, plan: ChunkPlan, levels: LevelKeeper?, outlet: Outlet) {
        self.node = node
        self.plan = plan
        self.levels = levels
        self.outlet = outlet
        zeros = [Float](repeating: 0, count: plan.span)
    }

    func begin(_ job: ClipJob) throws {
        samples = 0
        try levels?.begin(job)
    }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        samples += block.rows
        // Before the samples are passed on, as stages below ask about a chunk as soon as they have it.
        try levels?.add(block.values, job)
        try outlet.emit(block, job)
    }

    func finish(input: Int, job: ClipJob) throws {
        guard samples > 0 else {
            throw ClipFailure(failureClass: .empty, reason: "no samples at \(plan.frontEnd.rate) Hz")
        }
        job.note(samples: samples, of: node)
        try levels?.finish(job)
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

    func abandon(_ job: ClipJob) throws { try levels?.abandon(job) }

    func close(isComplete: Bool) throws { try levels?.close(isComplete: isComplete) }
}

/// Measures the chunks of one clip after another, notes which are skipped, and stores the levels that are not stored yet.
private final class LevelKeeper {
    private let node: Int
    private let level: Double
    private let appender: any RowAppender
    private var meter: ChunkLevels
    /// The clip whose levels are being stored.
    private var writing: ClipJob?

    /// - Parameter level: in dBFS; chunks below it are skipped.
    init(node: Int, plan: ChunkPlan, level: Double, appender: any RowAppender) {
        self.node = node
        self.level = level
        self.appender = appender
        meter = ChunkLevels(plan)
    }

    func begin(_ job: ClipJob) throws {
        meter.reset()
        guard job.route.isTarget(node) else { return }
        try appender.begin(columns: 1)
        writing = job
    }

    func add(_ samples: UnsafeBufferPointer<Float>, _ job: ClipJob) throws {
        let first = meter.chunks
        var found: [Float] = []
        meter.add(samples) { found.append($0) }
        try note(found, from: first, job)
    }

    func finish(_ job: ClipJob) throws {
        let first = meter.chunks
        var found: [Float] = []
        meter.finish { found.append($0) }
        try note(found, from: first, job)
        guard writing === job else { return }
        writing = nil
        job.deliver(try appender.end(node: node, samples: job.samples[node]))
    }

    func abandon(_ job: ClipJob) throws {
        guard writing === job else { return }
        writing = nil
        try appender.abandon()
    }

    func close(isComplete: Bool) throws { try appender.close(isComplete: isComplete) }

    private func note(_ found: [Float], from first: Int, _ job: ClipJob) throws {
        for (place, value) in found.enumerated() {
            job.note(isSkipped: Double(value) < level, chunk: first + place, of: node)
        }
        guard writing === job, !found.isEmpty else { return }
        try found.withUnsafeBufferPointer { try appender.append($0) }
    }
}
