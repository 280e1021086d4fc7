import Cache
import Features
import Foundation
import Ledger
import Models
import Pipeline

/// A pipeline ready to plan and run: its graph, and its stages with everything that the workers share.
package struct LoadedPipeline: Sendable {
    package let spec: PipelineSpec
    package let graph: Graph
    /// Models that it names but that are not on this machine. If there are any, it can be planned but not run.
    package let absentModels: [KnownModel]
    /// The stage of each node, by the node's index.
    let stages: [any StageKind]

    /// Checks that every model is on this machine.
    ///
    /// - Throws: `PipelineError` if one is not.
    package func requireModels() throws(PipelineError) {
        guard let model = absentModels.first else { return }
        throw PipelineError(file: graph.file, "the model '\(model.name)' is not on this machine")
    }

    /// The type of the rows that a node stores in the cache; nil if it stores none.
    package func kept(by node: Graph.Node) -> EdgeType? { stages[node.index].kept }

    /// The front-end that the ledger records for a node's rows; nil for nodes above the chunk stage.
    ///
    /// - Throws: an error if the front-end cannot be written as JSON.
    package func stageFrontEnd(of node: Graph.Node, id: Int64) throws -> StageFrontEnd? {
        let facts = stages[node.index].facts
        guard let frontEnd = facts.frontEnd, let rate = facts.rate, let chunks = facts.chunks else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return StageFrontEnd(
            stage: id, rate: rate, hop: facts.spacing(of: kept(by: node))?.hop ?? 0, chunkHop: chunks.hop,
            settings: String(decoding: try encoder.encode(frontEnd), as: UTF8.self))
    }

    /// The models that its results depend on: SHA-256 and absolute path of each file.
    package var models: [(digest: String, path: String)] { stages.compactMap(\.modelFile) }

    /// The precisions of its models, as their descriptions give them, in the order of the nodes.
    package var precisions: [String] { stages.compactMap(\.precision) }

    /// Whether a cache node's rows equal its input, bit for bit.
    package static func isLossless(_ node: Graph.Node) -> Bool { StageCatalog.isLossless(node) }

    /// The classes of the node's scores; nil if there is no model above it, or the model is not on this machine.
    package func classes(of node: Graph.Node) -> [String]? { stages[node.index].facts.classes }
}
