import Errors
import Cache
import Engines
import Evaluation
import Models
import Pipeline
import Shards

/// Combines a clip's chunk scores into one row of clip scores and stores it in a shard.
struct AggregateStage: StageKind {
    static let definition = StageDefinition(
        name: "aggregate", inputs: [.init([.scores]), .init([.weights], optional: true, isLater: true)], outputs: [],
        parameters: [
            ParameterDefinition(
                "method", .choice(["mean", "max", "top-k", "attention", "model"]), default: "mean",
                help: "how a clip's chunk scores are combined; 'model' is as the model was trained"),
            ParameterDefinition("k", .integer(1...1000), default: "3", help: "how many chunks top-k averages"),
        ], persists: true)

    /// The input of the weights for `attention`.
    private static let weightInput = 1

    let facts: StreamFacts
    private let node: Graph.Node
    private let aggregation: Aggregation

    var kept: EdgeType? { .clipScores }

    /// Only some models have weights; whether this one has is known where the stage is prepared.
    static func reads(
        input: Int, given: [Bool], _ parameters: [String: String], _ models: ModelCache
    ) throws -> Bool {
        switch parameters["method"] {
        case "attention": true
        case "model": given[input]
        default: false
        }
    }

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> AggregateStage {
        let facts = context.facts(above: node, input: 0)
        let model = facts.scorer?.model
        var method = node.parameters["method"] ?? "mean"
        if method == "model" { method = (model?.pooling ?? .mean).rawValue }
        let aggregation = try Aggregation(name: method, k: node.parameters["k"].flatMap(Int.init) ?? 3)
        if aggregation == .attention {
            guard let scorer = facts.scorer, scorer.model.pooling == .attention else {
                throw context.error(node, "'method' is 'attention', but its model has none, expected a head that has")
            }
            let name = context.graph.nodes[scorer.node].name
            guard node.inputs[weightInput] != nil,
                context.facts(above: node, input: weightInput).scorer?.node == scorer.node
            else {
                throw context.error(
                    node, "its model weighs its chunks, expected 'from: [..., \(name).weights]' besides its scores")
            }
        }
        return AggregateStage(facts: facts, node: node, aggregation: aggregation)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        AggregateOperator(
            node: node, chunkNode: facts.chunkNode,
            appender: resources.makeAppender(node.name, EdgeType.clipScores.rawValue, .float32),
            aggregation: aggregation)
    }
}

private final class AggregateOperator: Operator {
    /// What has arrived of one clip.
    private struct State {
        var openInputs: Int
        var aggregator: Aggregator?
        /// Rows of each input that wait for those of the other; only for `attention`.
        var waiting: [[Float]] = [[], []]
    }

    private let node: Graph.Node
    /// Index of the node that pads the clip's samples.
    private let chunkNode: Int?
    private let appender: any RowAppender
    private let aggregation: Aggregation
    private let inputs: Int
    /// The clips under way: scores that are read from a cache may run ahead of weights that are computed.
    private var states: [ObjectIdentifier: State] = [:]

    init(node: Graph.Node, chunkNode: Int?, appender: any RowAppender, aggregation: Aggregation) {
        self.node = node
        self.chunkNode = chunkNode
        self.appender = appender
        self.aggregation = aggregation
        inputs = node.inputs.count { $0 != nil }
    }

    func begin(_ job: ClipJob) { states[ObjectIdentifier(job)] = State(openInputs: inputs) }

    func consume(_ block: Block, input: Int, job: ClipJob) {
        guard aggregation == .attention || input == 0 else { return }
        let key = ObjectIdentifier(job)
        var state = states[key] ?? State(openInputs: inputs)
        var aggregator = state.aggregator ?? Aggregator(aggregation, classes: block.columns)
        states[key] = nil  // so that the arrays are not copied
        if aggregation == .attention {
            state.waiting[input] += block.values
            Self.pair(&state.waiting, columns: block.columns, into: &aggregator)
        } else {
            for row in 0..<block.rows {
                aggregator.add(
                    UnsafeBufferPointer(rebasing: block.values[row * block.columns..<(row + 1) * block.columns]))
            }
        }
        state.aggregator = aggregator
        states[key] = state
    }

    /// Adds the rows of which both scores and weights are there.
    private static func pair(_ waiting: inout [[Float]], columns: Int, into aggregator: inout Aggregator) {
        let count = min(waiting[0].count, waiting[1].count) / columns
        for row in 0..<count {
            let range = row * columns..<(row + 1) * columns
            waiting[0].withUnsafeBufferPointer { scores in
                waiting[1].withUnsafeBufferPointer { weights in
                    aggregator.add(
                        UnsafeBufferPointer(rebasing: scores[range]),
                        weights: UnsafeBufferPointer(rebasing: weights[range]))
                }
            }
        }
        for input in waiting.indices { waiting[input].removeFirst(count * columns) }
    }

    func finish(input: Int, job: ClipJob) throws {
        let key = ObjectIdentifier(job)
        states[key]?.openInputs -= 1
        guard states[key]?.openInputs == 0, var state = states.removeValue(forKey: key) else { return }
        guard let scores = try state.aggregator?.finish(), state.waiting.allSatisfy(\.isEmpty) else {
            throw ClipFailure(
                failureClass: .internal, reason: "stage '\(node.name)' received no scores, or not their weights")
        }
        try appender.begin(columns: scores.count)
        try scores.withUnsafeBufferPointer { try appender.append($0) }
        job.deliver(try appender.end(node: node.index, samples: chunkNode.flatMap { job.samples[$0] }))
    }

    func abandon(_ job: ClipJob) { states[ObjectIdentifier(job)] = nil }

    func close(isComplete: Bool) throws { try appender.close(isComplete: isComplete) }
}
