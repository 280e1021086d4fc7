import Cache
import Evaluation
import Pipeline

/// Makes one row of clip scores of a clip's chunk scores and keeps it in a shard.
final class AggregateOperator: Operator {
    private let node: Graph.Node
    /// The node that pads what comes in here.
    private let chunkNode: Int?
    private let appender: ShardAppender
    private let aggregation: Aggregation
    private var aggregator: Aggregator?
    private var current: ClipJob?

    init(node: Graph.Node, chunkNode: Int?, appender: ShardAppender) throws {
        self.node = node
        self.chunkNode = chunkNode
        self.appender = appender
        aggregation = try Aggregation(
            name: node.parameters["method"] ?? "mean", k: node.parameters["k"].flatMap(Int.init) ?? 3)
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
            throw ClipFailure(failureClass: "internal", reason: "no scores came to stage '\(node.name)'")
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
