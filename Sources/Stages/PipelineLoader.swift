import Cache
import Engines
import Features
import Files
import Foundation
import Ledger
import Models
import Pipeline

/// A pipeline ready to plan and run: its graph, and the models its infer stages use.
package struct LoadedPipeline: Sendable {
    package let spec: PipelineSpec
    package let graph: Graph
    let inferences: [Int: PreparedInference]
    /// The chunks of `chunk` and `log-mel` nodes: as they are padded, and as the frames of the front-end see them.
    let plans: [Int: ChunkPlan]
    /// Of `resample` nodes and all below them, samples per second.
    let rates: [Int: Int]

    /// How the rows of a node lie in time; nil where they are not evenly spaced.
    func spacing(of node: Graph.Node) -> RowSpacing? {
        let plan = { (kind: String) in graph.nearest(kind, from: node).flatMap { plans[$0.index] } }
        guard let rate = rates[node.index], let type = node.outputTypes.first else { return nil }
        switch type {
        case .audio, .clipScores: return nil
        case .wave, .chunks: return RowSpacing(rate: rate, hop: 1)
        case .mel: return plan(StageCatalog.logMel).map { RowSpacing(rate: rate, hop: $0.frontEnd.hop) }
        case .scores, .embeddings: return plan(StageCatalog.chunk).map { RowSpacing(rate: rate, hop: $0.hop) }
        }
    }

    /// The front-end that a node's rows were made by, or that its chunks are cut for; nil above the chunks.
    func frontEnd(of node: Graph.Node) -> FrontEnd? {
        (graph.nearest(StageCatalog.logMel, from: node) ?? graph.nearest(StageCatalog.chunk, from: node))
            .flatMap { plans[$0.index]?.frontEnd }
    }

    /// What the ledger is told of a node's rows; nil above the chunks.
    ///
    /// - Throws: what the JSON encoder throws.
    package func stageFrontEnd(of node: Graph.Node, id: Int64) throws -> StageFrontEnd? {
        guard let frontEnd = frontEnd(of: node), let rate = rates[node.index],
            let chunks = graph.nearest(StageCatalog.chunk, from: node).flatMap({ plans[$0.index] })
        else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return StageFrontEnd(
            stage: id, rate: rate, hop: spacing(of: node)?.hop ?? 0, chunkHop: chunks.hop,
            settings: String(decoding: try encoder.encode(frontEnd), as: UTF8.self))
    }

    /// The models of its infer stages: SHA-256 and absolute path of each file.
    package var models: [(digest: String, path: String)] { inferences.values.map { ($0.digest, $0.path) } }

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
        do { bytes = try FileSystem.read(path) } catch let error as FileError {
            throw PipelineError(
                file: path, FileSystem.exists(path) ? "cannot read the pipeline: \(error.reason)" : "no such pipeline")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PipelineError(file: path, "not UTF-8 text")
        }
        return try load(yaml: text, file: path, sets: sets)
    }

    /// A pipeline in memory.
    ///
    /// - Parameters:
    ///   - file: what errors call it, and the folder that its paths start from.
    ///   - sets: `STAGE.KEY=VALUE`, applied in order.
    ///
    /// - Throws: as `load(path:sets:)`.
    package static func load(yaml: String, file: String, sets: [String]) throws -> LoadedPipeline {
        var spec = try SpecParser.parse(yaml: yaml, file: file)
        for set in sets { try spec.set(set) }
        let models = ModelCache()
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
        let rates = sampleRates(graph)
        for node in graph.nodes {
            switch node.definition.name {
            case StageCatalog.chunk: plans[node.index] = try chunkPlan(node, graph, rates)
            case StageCatalog.logMel: plans[node.index] = try melPlan(node, graph, plans)
            case StageCatalog.cache: try check(cache: node, graph)
            case StageCatalog.infer: inferences[node.index] = try inference(node, graph, plans, models)
            default: continue
            }
        }
        return LoadedPipeline(spec: spec, graph: graph, inferences: inferences, plans: plans, rates: rates)
    }

    /// Samples per second of every node that is below a `resample`, itself included.
    private static func sampleRates(_ graph: Graph) -> [Int: Int] {
        var rates: [Int: Int] = [:]
        for node in graph.nodes {
            guard let resample = graph.nearest(StageCatalog.resample, from: node) else { continue }
            rates[node.index] = resample.parameters["rate"].flatMap(Int.init)
        }
        return rates
    }

    private static func chunkPlan(_ node: Graph.Node, _ graph: Graph, _ rates: [Int: Int]) throws -> ChunkPlan {
        do {
            let plan = try ChunkSettings(node.parameters).plan
            let found = rates[node.index] ?? 0
            guard plan.frontEnd.rate == found else {
                throw graph.error(
                    node,
                    "its samples come \(found) a second, but preset '\(node.parameters["preset"] ?? "")' has "
                        + "\(plan.frontEnd.rate); expected 'rate: \(plan.frontEnd.rate)' in the resample stage, or "
                        + "'rate: \(found)' here")
            }
            return plan
        } catch let error as PipelineError {
            throw error
        } catch {
            throw graph.error(node, "\(error)")
        }
    }

    private static func melPlan(_ node: Graph.Node, _ graph: Graph, _ plans: [Int: ChunkPlan]) throws -> ChunkPlan {
        guard let chunk = graph.nearest(StageCatalog.chunk, from: node), let plan = plans[chunk.index] else {
            throw graph.error(node, "found no chunk stage above it, expected one")
        }
        do {
            return try plan.serving(try LogMelSettings(node.parameters).over(plan))
        } catch {
            throw graph.error(
                node, "\(error); expected a 'preset' in stage '\(chunk.name)', and a 'rate' here and there, that fit")
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
        _ node: Graph.Node, _ graph: Graph, _ plans: [Int: ChunkPlan], _ models: ModelCache
    ) throws -> PreparedInference {
        let path = node.parameters["model"] ?? ""
        guard let logMel = graph.nearest(StageCatalog.logMel, from: node), let plan = plans[logMel.index] else {
            throw graph.error(node, "found no log-mel stage above it, expected one")
        }
        let made = plan.frontEnd
        let wanted = try models.metadata(path).frontEnd
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
private final class ModelCache {
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
