import Corpus
import Features
import Foundation
import Network
import Pipeline

/// A pipeline ready to plan and run: its graph, and the models its infer stages use.
package struct LoadedPipeline: Sendable {
    package let spec: PipelineSpec
    package let graph: Graph
    let inferences: [Int: PreparedInference]
    let plans: [Int: ChunkPlan]

    /// Whether a cache node's rows equal what it was given, bit for bit.
    package static func isLossless(_ node: Graph.Node) -> Bool {
        node.definition.name == StageCatalog.cache && node.parameters["dtype"] == "float32"
    }

    /// The classes of the node's scores, found through the infer stage above it; nil where there is none.
    package func classes(of node: Graph.Node) -> [String]? {
        graph.nearest(StageCatalog.infer, from: node).flatMap { inferences[$0.index]?.model.classes }
    }
}

/// Reads a pipeline, applies `--set`, resolves it and checks that its stages fit one another.
package enum PipelineLoader {
    /// - Throws: `PipelineError` naming file, line, what was found and what was expected; `NetworkError` for a
    ///   model file that cannot be used.
    package static func load(path: String, sets: [String]) throws -> LoadedPipeline {
        let bytes: [UInt8]
        do { bytes = try FileSystem.read(path) } catch CorpusError.file(_, _, let reason) {
            throw PipelineError(
                file: path, FileSystem.exists(path) ? "cannot read the pipeline: \(reason)" : "no such pipeline")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PipelineError(file: path, "not UTF-8 text")
        }
        return try load(yaml: text, file: path, sets: sets)
    }

    package static func load(yaml: String, file: String, sets: [String]) throws -> LoadedPipeline {
        var spec = try SpecParser.parse(yaml: yaml, file: file)
        for set in sets { try spec.set(set) }
        let models = ModelShelf()
        let graph = try GraphBuilder(
            spec, definitions: StageCatalog.definitions, digestOfFile: { try models.digest($0) },
            usesInput: { definition, parameters, slot in
                guard definition.name == StageCatalog.infer, slot == 1, let path = parameters["model"] else {
                    return true
                }
                return try models.metadata(path).architecture.hasEncoder
            }
        ).build()
        var inferences: [Int: PreparedInference] = [:]
        var plans: [Int: ChunkPlan] = [:]
        for node in graph.nodes {
            switch node.definition.name {
            case StageCatalog.chunk: plans[node.index] = try chunkPlan(node, graph)
            case StageCatalog.cache: try check(cache: node, graph)
            case StageCatalog.infer: inferences[node.index] = try inference(node, graph, plans, models)
            default: continue
            }
        }
        return LoadedPipeline(spec: spec, graph: graph, inferences: inferences, plans: plans)
    }

    private static func chunkPlan(_ node: Graph.Node, _ graph: Graph) throws -> ChunkPlan {
        do {
            let overlap = node.parameters["overlap"].flatMap(Double.init) ?? 0.5
            return try ChunkPlan(frontEnd: .standard, overlap: overlap)
        } catch {
            throw graph.error(node, "\(error)")
        }
    }

    private static func check(cache node: Graph.Node, _ graph: Graph) throws {
        let kind = node.outputTypes.first?.cacheKind ?? "?"
        let dtype = node.parameters["dtype"] ?? "float32"
        let allowed = kind == "raw" ? ["int16", "float32"] : ["float32", "float16"]
        guard allowed.contains(dtype) else {
            throw graph.error(
                node, "'dtype' is '\(dtype)', expected \(allowed.joined(separator: " or ")) for \(kind)")
        }
    }

    private static func inference(
        _ node: Graph.Node, _ graph: Graph, _ plans: [Int: ChunkPlan], _ models: ModelShelf
    ) throws -> PreparedInference {
        let path = node.parameters["model"] ?? ""
        guard let chunk = graph.nearest(StageCatalog.chunk, from: node), let plan = plans[chunk.index] else {
            throw graph.error(node, "found no chunk stage above it, expected one")
        }
        let made = plan.frontEnd
        let wanted = FrontEnd(try models.metadata(path).frontEnd)
        guard made == wanted else {
            throw graph.error(
                node, "the front-end of \(path) is [\(wanted)], but the features here are made by [\(made)]")
        }
        let model = try models.model(path)
        var normalization = Normalization(rawValue: model.normalization.rawValue)
        if let asked = node.parameters["normalization"], asked != "model" {
            normalization = Normalization(rawValue: asked)
        }
        guard let normalization else {
            throw graph.error(node, "\(path) wants normalization '\(model.normalization.rawValue)', which is not known")
        }
        return PreparedInference(
            model: model, path: FileSystem.absolute(path), digest: try models.digest(path),
            normalization: normalization, plan: plan,
            batch: node.parameters["batch"].flatMap(Int.init) ?? 64)
    }
}

/// Loads and digests each model file once.
private final class ModelShelf {
    private var models: [String: Model] = [:]
    private var digests: [String: String] = [:]

    func model(_ path: String) throws -> Model {
        if let known = models[path] { return known }
        let loaded = try Model.load(path: path)
        models[path] = loaded
        return loaded
    }

    /// What the file says of itself: enough to know whether it fits, before its weights are read.
    func metadata(_ path: String) throws -> ModelMetadata {
        try models[path]?.metadata ?? ModelFile(path: path).metadata
    }

    /// SHA-256 of the file's bytes.
    func digest(_ path: String) throws -> String {
        if let known = digests[path] { return known }
        let taken = try ModelDigest.ofFile(path)
        digests[path] = taken
        return taken
    }
}
