import Features
import Ledger
import Pipeline
import Shards

/// Makes the operators of a worker.
struct StageFactory: OperatorFactory {
    let pipeline: LoadedPipeline
    let cache: String
    let ledger: Ledger
    let room: ShardRoom
    let stageIDs: [String: Int64]

    func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
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
            let lane = ShardLane(
                room: room, stage: node.name, kind: node.outputTypes.first?.cacheKind ?? "rows",
                dtype: node.parameters["dtype"].flatMap { ShardDType(rawValue: $0) } ?? .float32)
            let reader = CacheReader(cache: cache, ledger: ledger, stageIDs: stageIDs)
            return CacheOperator(
                node: node, chunkNode: chunkNode, outlet: outlets[0], lane: lane, reader: reader,
                spacing: pipeline.spacing(of: node))
        case StageCatalog.infer:
            guard let prepared = pipeline.inferences[node.index] else { break }
            return InferOperator(prepared, node: node.index, outlets: outlets)
        case StageCatalog.aggregate:
            let lane = ShardLane(
                room: room, stage: node.name, kind: EdgeType.clipScores.rawValue, dtype: .float32)
            return try AggregateOperator(node: node, chunkNode: chunkNode, lane: lane)
        default: break
        }
        throw pipeline.graph.error(node, "there is no operator for '\(node.definition.name)'")
    }
}
