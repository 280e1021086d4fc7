import Errors
import Pipeline

/// Every stage kind that a pipeline can use.
package enum StageCatalog {
    static let kinds: [any StageKind.Type] = [
        DecodeStage.self,
        ResampleStage.self,
        ChunkStage.self,
        LogMelStage.self,
        CacheStage.self,
        InferStage.self,
        AggregateStage.self,
    ]

    package static let definitions: [StageDefinition] = kinds.map { $0.definition }

    private static let byName = Dictionary(uniqueKeysWithValues: kinds.map { ($0.definition.name, $0) })

    /// The kind of stage that a definition belongs to.
    ///
    /// - Throws: `PipelineError` if no such kind is registered.
    static func kind(of definition: StageDefinition) throws -> any StageKind.Type {
        guard let kind = byName[definition.name] else {
            throw PipelineError(.internal, "there is no stage kind '\(definition.name)'")
        }
        return kind
    }

    /// Whether the rows that a node stores equal its input, bit for bit.
    static func isLossless(_ node: Graph.Node) -> Bool {
        byName[node.definition.name]?.isLossless(node.parameters) ?? false
    }
}
