import Cache
import Ledger
import Pipeline
import Shards
import Timing

/// What an operator gets from the run that it works for.
struct RunResources: Sendable {
    /// The cache's folder.
    let cache: String
    /// nil if there is no cache yet, so that no rows can be read from it.
    let ledger: Ledger?
    /// Ledger ids of the stages that store rows, by stage name.
    let stageIDs: [String: Int64]
    /// Creates the appender for a worker's rows of a stage.
    let makeAppender: @Sendable (_ stage: String, _ kind: String, ShardDType) -> any RowAppender
}

/// Creates the operators of a worker.
package struct StageFactory: OperatorFactory {
    private let pipeline: LoadedPipeline
    private let resources: RunResources

    /// - Parameters:
    ///   - cache: the cache's folder.
    ///   - ledger: nil if there is no cache yet, so that no rows can be read from it.
    ///   - stageIDs: ledger ids of the stages that store rows, by stage name.
    ///   - makeAppender: creates the appender for a worker's rows of a stage.
    package init(
        pipeline: LoadedPipeline, cache: String, ledger: Ledger?, stageIDs: [String: Int64],
        makeAppender: @escaping @Sendable (_ stage: String, _ kind: String, ShardDType) -> any RowAppender
    ) {
        self.pipeline = pipeline
        resources = RunResources(cache: cache, ledger: ledger, stageIDs: stageIDs, makeAppender: makeAppender)
    }

    /// - Throws: an error if something that the stage needs is not available.
    package func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
        let stage = pipeline.stages[node.index]
        let made = try stage.makeOperator(outlets: outlets, resources)
        guard WorkTimer.current != nil else { return made }
        return TimedOperator(made, as: Work(rawValue: type(of: stage).definition.name) ?? .other)
    }
}
