import Errors
import Engines
import Files
import Pipeline

/// Reads a pipeline, applies `--set`, resolves it and prepares its stages, checking each against those above it.
package enum PipelineLoader {
    /// Loads a pipeline from a file.
    ///
    /// - Parameters:
    ///   - sets: the texts of `--set`, applied in this order.
    ///   - engines: engines that open the model files.
    ///   - locate: finds the model of an `infer` stage; by default, every reference is a path.
    /// - Throws: `PipelineError` naming file, line, what was found and what was expected; the engine's error for a
    ///   model file that cannot be used; and whatever `locate` throws.
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

    /// Loads a pipeline from text.
    ///
    /// - Parameter file: the file that the text is said to come from; model paths are relative to its folder.
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
            usesInput: { try StageCatalog.kind(of: $0).reads(input: $2, given: $3, $1, models) },
            advice: { try StageCatalog.kind(of: $0).advice($1, models) },
            resolve: { try StageCatalog.kind(of: $0).resolve($1, models) }
        ).build()
        var context = PreparationContext(graph: graph, models: models)
        for node in graph.nodes { context.append(try StageCatalog.kind(of: node.definition).prepare(node, context)) }
        return LoadedPipeline(
            spec: spec, graph: graph, absentModels: models.absentModels, stages: context.stages)
    }
}
