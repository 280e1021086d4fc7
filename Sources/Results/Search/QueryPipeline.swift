import Cache
import Engines
import Errors
import Files
import Ledger
import Pipeline
import Sessions
import Shards
import Stages

/// The stages of a cache's pipeline that make its embeddings, put together again from what the ledger recorded of the run, to
/// compute those of one more recording, in memory.
struct QueryPipeline {
    private let pipeline: LoadedPipeline
    /// The node that keeps the embeddings.
    private let node: Graph.Node

    /// - Parameters:
    ///   - engines: open the model's file.
    /// - Throws: `FileError` if the model's file is not there; `CacheError` if the stages cannot be put together, or would
    ///   give other embeddings than those in the cache.
    init(_ source: CachedEmbeddings, engines: EngineRegistry = .standard) throws {
        let record = source.pipeline
        guard let settings = PipelineSettings(text: record.settings), let name = source.stageName else {
            throw CacheError(
                .badInput, path: source.ledger.path,
                "it does not record the settings of pipeline '\(record.name)', as an earlier version made it; run the "
                    + "pipeline again, which does nothing anew and notes them")
        }
        let stages = Self.above(name, in: settings.stages)
        let models = Dictionary(try source.ledger.models().map { ($0.digest, $0.path) }) { first, _ in first }
        var paths: [String: String] = [:]
        for stage in stages {
            guard let digest = stage.marks["model"] else { continue }
            let path = models[digest] ?? stage.parameters["model"].map { FileSystem.absolute($0) } ?? ""
            guard FileSystem.exists(path) else {
                throw FileError(
                    path: path, found: "no file there",
                    expected: "the model that made the cache's embeddings (SHA-256 \(digest.prefix(12))...)")
            }
            paths[stage.name] = path
        }
        (pipeline, node) = try Self.load(source, name, stages, paths, engines)
    }

    /// The stages, ready to run, and the node that keeps the embeddings.
    ///
    /// - Throws: `CacheError` if its fingerprint is not that of the cache's embeddings.
    private static func load(
        _ source: CachedEmbeddings, _ name: String, _ stages: [PipelineSettings.Stage], _ models: [String: String],
        _ engines: EngineRegistry
    ) throws -> (LoadedPipeline, Graph.Node) {
        var reason = "this version of Earmark, or the model's file as it is now, gives other embeddings"
        for attempt in [fromRecord, fromFile] {
            do {
                guard let loaded = try attempt(source.pipeline, stages, models, engines) else { continue }
                let node = loaded.graph.nodes.first { $0.name == name }
                if let node, node.fingerprint.hex == source.stage.fingerprint { return (loaded, node) }
            } catch let error as PipelineError {
                reason = "\(error)"
            }
        }
        throw CacheError(
            .badInput, path: source.ledger.path,
            "the stages of pipeline '\(source.pipeline.name)' that made its embeddings cannot be run on another file: "
                + "\(reason); run the pipeline again, or search by a clip of the cache")
    }

    /// A stage and all those that lead to it.
    private static func above(_ name: String, in stages: [PipelineSettings.Stage]) -> [PipelineSettings.Stage] {
        var wanted: Set = [name]
        // No stage has more stages above it than there are.
        for _ in stages.indices {
            for stage in stages where wanted.contains(stage.name) { wanted.formUnion(stage.from) }
        }
        return stages.filter { wanted.contains($0.name) }
    }

    /// From the recorded stages alone: the pipeline's file may have changed, or be gone.
    private static func fromRecord(
        _ record: PipelineRecord, _ stages: [PipelineSettings.Stage], _ models: [String: String],
        _ engines: EngineRegistry
    ) throws -> LoadedPipeline? {
        func quoted(_ text: String) -> String { String(decoding: JSONLine.string(text), as: UTF8.self) }
        let kinds = Dictionary(stages.map { ($0.name, $0.uses) }) { first, _ in first }
        var yaml = "name: \(quoted(record.name))\nstages:\n"
        for stage in stages {
            // What lies between a model and a stage that keeps embeddings takes the model's embeddings, never its scores.
            let from = stage.from.map { quoted(kinds[$0] == "infer" ? $0 + ".embeddings" : $0) }
            var parameters = stage.parameters
            if let path = models[stage.name] { parameters["model"] = path }
            let values = parameters.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
            let inputs = from.isEmpty ? [] : ["from: [\(from.joined(separator: ", "))]"]
            let parts = ["uses: \(quoted(stage.uses))"] + inputs
            yaml += "  \(quoted(stage.name)): {\((parts + values).joined(separator: ", "))}\n"
        }
        return try PipelineLoader.load(yaml: yaml, file: record.file, sets: [], engines: engines)
    }

    /// From the pipeline's file with the recorded parameters: an input that a model does not read counts in fingerprints, and
    /// only the file has it.
    private static func fromFile(
        _ record: PipelineRecord, _ stages: [PipelineSettings.Stage], _ models: [String: String],
        _ engines: EngineRegistry
    ) throws -> LoadedPipeline? {
        guard FileSystem.isFile(record.file) else { return nil }
        let sets = stages.flatMap { stage in
            stage.parameters.sorted { $0.key < $1.key }.map { key, value in
                "\(stage.name).\(key)=\(key == "model" ? models[stage.name] ?? value : value)"
            }
        }
        return try PipelineLoader.load(path: record.file, sets: sets, engines: engines)
    }

    /// The embeddings of a recording, as a run would have kept them.
    struct Rows {
        /// (chunks, size).
        var values: [Float] = []
        /// Values in an embedding.
        var size = 0
        /// The recording's length in samples at the pipeline's rate, without padding; nil if decoding stopped before its end.
        var samples: Int?

        var chunks: Int { size == 0 ? 0 : values.count / size }
    }

    /// Decodes a recording and computes its embeddings; nothing is stored.
    ///
    /// - Parameter most: stops soon after this many chunks, or a few more.
    /// - Throws: `FileError` if the recording cannot be decoded or a stage fails; anything that ends a run.
    func rows(of path: String, most: Int) throws -> Rows {
        let collected = Collector()
        let name = node.name
        let factory = StageFactory(pipeline: pipeline, cache: "", ledger: nil, stageIDs: [:]) { stage, kind, dtype in
            let appender = CollectingAppender(kind: kind, dtype: dtype)
            if stage == name { collected.appender = appender }
            return appender
        }
        let graph = pipeline.graph
        var planner = RoutePlanner(graph: graph, isLossless: LoadedPipeline.isLossless)
        // What lies above the node is made; nothing else is needed.
        guard let route = planner.route(available: graph.persistent & ~above(node)) else {
            preconditionFailure("the node that keeps the embeddings keeps nothing")
        }
        let chain = try Chain(graph: graph, factory: factory, worker: 0)
        let job = ClipJob(index: 0, id: 0, name: path, path: path, route: route)
        guard let appender = collected.appender else { preconditionFailure("no stage keeps the embeddings") }
        appender.isWanted = true
        let isWhole = try chain.process(job) { appender.rows > most }
        try chain.flush()
        if let failure = job.failure { throw FileError(path: path, failure.reason) }
        return Rows(
            values: appender.values, size: appender.columns, samples: isWhole ? job.samples.values.first : nil)
    }

    /// A node and those above it, as a bit mask.
    private func above(_ node: Graph.Node) -> UInt64 {
        node.inputs.compactMap { $0 }.reduce(1 << UInt64(node.index)) { $0 | above(pipeline.graph.nodes[$1.node]) }
    }

    /// The appender of the embeddings, which the stages' factory makes.
    private final class Collector: @unchecked Sendable {
        /// Set and read by the one thread that makes the stages.
        var appender: CollectingAppender?
    }
}

/// Keeps the rows of one stage in memory, rounded as a shard would store them, and those of other stages not at all.
private final class CollectingAppender: RowAppender {
    let kind: String
    let dtype: ShardDType
    /// Whether rows are kept.
    var isWanted = false
    private(set) var values: [Float] = []
    private(set) var columns = 0
    private let discarding: DiscardingAppender
    private var rounded: [Float] = []

    init(kind: String, dtype: ShardDType) {
        self.kind = kind
        self.dtype = dtype
        discarding = DiscardingAppender(kind: kind, dtype: dtype)
    }

    var rows: Int { columns == 0 ? 0 : values.count / columns }

    func begin(columns: Int) {
        self.columns = columns
        discarding.begin(columns: columns)
    }

    func append(_ values: UnsafeBufferPointer<Float>) {
        discarding.append(values)
        guard isWanted else { return }
        dtype.round(values, into: &rounded)
        self.values += rounded
    }

    func end(node: Int, samples: Int?) -> Product { discarding.end(node: node, samples: samples) }

    /// A recording of which enough has been decoded is given up: its rows so far are what was wanted.
    func abandon() {}

    func close(isComplete: Bool) {}
}
