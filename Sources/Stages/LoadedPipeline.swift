import Cache
import Features
import Foundation
import Ledger
import Models
import Pipeline

/// A pipeline ready to plan and run: its graph, and its stages with all that the workers share.
package struct LoadedPipeline: Sendable {
    package let spec: PipelineSpec
    package let graph: Graph
    /// Models that it names and that are not on this machine: it can be planned, and not run.
    package let absentModels: [KnownModel]
    /// One for each node, by index.
    let stages: [any StageKind]

    /// - Throws: `PipelineError` where a model is not on this machine.
    package func requireModels() throws(PipelineError) {
        guard let model = absentModels.first else { return }
        throw PipelineError(file: graph.file, "the model '\(model.name)' is not on this machine")
    }

    /// What a node keeps in the cache; nil where it keeps nothing.
    package func kept(by node: Graph.Node) -> EdgeType? { stages[node.index].kept }

    /// What the ledger is told of a node's rows; nil above the chunks.
    ///
    /// - Throws: where the front-end cannot be written as JSON.
    package func stageFrontEnd(of node: Graph.Node, id: Int64) throws -> StageFrontEnd? {
        let facts = stages[node.index].facts
        guard let frontEnd = facts.frontEnd, let rate = facts.rate, let chunks = facts.chunks else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return StageFrontEnd(
            stage: id, rate: rate, hop: facts.spacing(of: node.outputTypes.first)?.hop ?? 0, chunkHop: chunks.hop,
            settings: String(decoding: try encoder.encode(frontEnd), as: UTF8.self))
    }

    /// The models that its results hang on: SHA-256 and absolute path of each file.
    package var models: [(digest: String, path: String)] { stages.compactMap(\.modelFile) }

    /// Whether a cache node's rows equal what it was given, bit for bit.
    package static func isLossless(_ node: Graph.Node) -> Bool { StageCatalog.isLossless(node) }

    /// The classes of the node's scores; nil where no model stands above it.
    package func classes(of node: Graph.Node) -> [String]? { stages[node.index].facts.classes }
}
