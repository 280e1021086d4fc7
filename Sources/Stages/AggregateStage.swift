import Errors
import Cache
import Evaluation
import Pipeline
import Shards

/// Combines a clip's chunk scores into one row of clip scores and stores it in a shard.
struct AggregateStage: StageKind {
    static let definition = StageDefinition(
        name: "aggregate", inputs: [.init([.scores])], outputs: [],
        parameters: [
            ParameterDefinition(
                "method", .choice(["mean", "max", "top-k"]), default: "mean",
                help: "how a clip's chunk scores are combined"),
            ParameterDefinition("k", .integer(1...1000), default: "3", help: "how many chunks top-k averages"),
        ], persists: true)

    let facts: StreamFacts
    private let node: Graph.Node
    private let aggregation: Aggregation

    var kept: EdgeType? { .clipScores }

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> AggregateStage {
        let aggregation = try Aggregation(
            name: node.parameters["method"] ?? "mean", k: node.parameters["k"].flatMap(Int.init) ?? 3)
        return AggregateStage(facts: context.facts(above: node), node: node, aggregation: aggregation)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        AggregateOperator(
            node: node, chunkNode: facts.chunkNode,
            appender: resources.makeAppender(node.name, EdgeType.clipScores.rawValue, .float32),
            aggregation: aggregation)
    }
}

private final class AggregateOperator: Operator {
    private let node: Graph.Node
    /// Index of the node that pads the clip's samples.
    private let chunkNode: Int?
    private let appender: any RowAppender
    private let aggregation: Aggregation
    private var aggregator: Aggregator?
    private var current: ClipJob?

    init(node: Graph.Node, chunkNode: Int?, appender: any RowAppender, aggregation: Aggregation) {
        self.node = node
        self.chunkNode = chunkNode
        self.appender = appender
        self.aggregation = aggregation
    }

    func begin(_ job: ClipJob) {}

    func consume(_ block: Block, input: Int, job: ClipJob) {
        if current !== job {
            current = job
            aggregator = Aggregator(aggregation, classes: block.columns)
        }
        for row in 0..<block.rows {
            aggregator?.add(
                UnsafeBufferPointer(rebasing: block.values[row * block.columns..<(row + 1) * block.columns]))
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        guard current === job, let scores = try aggregator?.finish() else {
            throw ClipFailure(failureClass: .internal, reason: "stage '\(node.name)' received no scores")
        }
        current = nil
        try appender.begin(columns: scores.count)
        try scores.withUnsafeBufferPointer { try appender.append($0) }
        job.deliver(try appender.end(node: node.index, samples: chunkNode.flatMap { job.samples[$0] }))
    }

    func abandon(_ job: ClipJob) {
        if current === job { current = nil }
    }

    func close(isComplete: Bool) throws { try appender.close(isComplete: isComplete) }
}
