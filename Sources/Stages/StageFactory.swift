import Cache
import Features
import Ledger
import Pipeline
import Shards

/// Makes the operators of a worker.
package struct StageFactory: OperatorFactory {
    let pipeline: LoadedPipeline
    let cache: String
    let ledger: Ledger
    let pool: ShardPool
    let stageIDs: [String: Int64]

    /// - Parameters:
    ///   - cache: the cache's folder.
    ///   - stageIDs: ledger ids of the stages that persist, by stage name.
    package init(
        pipeline: LoadedPipeline, cache: String, ledger: Ledger, pool: ShardPool, stageIDs: [String: Int64]
    ) {
        self.pipeline = pipeline
        self.cache = cache
        self.ledger = ledger
        self.pool = pool
        self.stageIDs = stageIDs
    }

    package func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
        let chunkNode = pipeline.graph.nearest(StageCatalog.chunk, from: node)?.index
        switch node.definition.name {
        case StageCatalog.decode: return DecodeOperator(node: node, outlet: outlets[0])
        case StageCatalog.resample: return ResampleOperator(node: node, outlet: outlets[0])
        case StageCatalog.chunk:
            guard let plan = pipeline.plans[node.index] else { break }
            return ChunkOperator(node: node.index, plan: plan, outlet: outlets[0])
        case StageCatalog.logMel:
            guard let plan = pipeline.plans[node.index] else { break }
            return try LogMelOperator(frontEnd: plan.frontEnd, outlet: outlets[0])
        case StageCatalog.cache:
            let appender = ShardAppender(
                pool: pool, stage: node.name, kind: node.outputTypes.first?.cacheKind ?? "rows",
                dtype: node.parameters["dtype"].flatMap { ShardDType(rawValue: $0) } ?? .float32)
            let reader = CacheReader(cache: cache, ledger: ledger, stageIDs: stageIDs)
            return CacheOperator(
                node: node, chunkNode: chunkNode, outlet: outlets[0], appender: appender, reader: reader,
                spacing: pipeline.spacing(of: node))
        case StageCatalog.infer:
            guard let prepared = pipeline.inferences[node.index] else { break }
            return InferOperator(prepared, node: node.index, outlets: outlets)
        case StageCatalog.aggregate:
            let appender = ShardAppender(
                pool: pool, stage: node.name, kind: EdgeType.clipScores.rawValue, dtype: .float32)
            return try AggregateOperator(node: node, chunkNode: chunkNode, appender: appender)
        default: break
        }
        throw pipeline.graph.error(node, "there is no operator for '\(node.definition.name)'")
    }
}
