import Errors
import Engines
import Files
import Pipeline

/// Reads a pipeline, applies `--set`, resolves it and makes its stages ready, each checked against those above it.
package enum PipelineLoader {
    /// - Parameters:
    ///   - engines: what opens the model files.
    ///   - locate: where the model of an `infer` stage is; by itself only paths are known.
    /// - Throws: `PipelineError` naming file, line, what was found and what was expected; for a model file that
    ///   cannot be used, what its engine has to say; what `locate` throws.
    package static func load(
        path: String, sets: [String], engines: EngineRegistry = .standard,
        locate: @escaping ModelLocator = LocatedModel.path
    ) throws -> LoadedPipeline {
        let bytes: [UInt8]
        do { bytes = try FileSystem.read(path) } catch let error as FileError {
            throw PipelineError(
                file: path, FileSystem.exists(path) ? "cannot read the pipeline: \(error.reason)" : "no such pipeline")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PipelineError(file: path, "not UTF-8 text")
        }
        return try load(yaml: text, file: path, sets: sets, engines: engines, locate: locate)
    }

    /// The same for a text.
    ///
    /// - Parameter file: where it is said to come from; model paths are relative to its folder.
    /// - Throws: see `load(path:sets:engines:locate:)`.
    package static func load(
        yaml: String, file: String, sets: [String], engines: EngineRegistry = .standard,
        locate: @escaping ModelLocator = LocatedModel.path
    ) throws -> LoadedPipeline {
        var spec = try SpecParser.parse(yaml: yaml, file: file)
        for set in sets { try spec.set(set) }
        let models = ModelCache(engines)
        let graph = try GraphBuilder(
            spec, definitions: StageCatalog.definitions, locate: { models.place(of: try locate($0)) },
            digestOfFile: { try models.digest($0) },
            usesInput: { try StageCatalog.kind(of: $0).reads(input: $2, $1, models) }
        ).build()
        var context = PreparationContext(graph: graph, models: models)
        for node in graph.nodes { context.append(try StageCatalog.kind(of: node.definition).prepare(node, context)) }
        return LoadedPipeline(
            spec: spec, graph: graph, absentModels: models.absentModels, stages: context.stages)
    }
}
