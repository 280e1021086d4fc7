import Engines
import Models

/// Describes, loads and digests each model file of a pipeline once.
final class ModelCache {
    private let engines: EngineRegistry
    private var descriptions: [String: ModelDescription] = [:]
    private var loaded: [String: any InferenceEngine] = [:]
    private var digests: [String: String] = [:]
    /// By the paths at which they would be.
    private var absent: [String: KnownModel] = [:]

    init(_ engines: EngineRegistry) { self.engines = engines }

    /// Each once, by name.
    var absentModels: [KnownModel] {
        Dictionary(absent.values.map { ($0.name, $0) }) { first, _ in first }.values.sorted { $0.name < $1.name }
    }

    /// The model that is to be at a path and is not yet; nil where a file is there, or should be.
    func absent(_ path: String) -> KnownModel? { absent[path] }

    /// The path that stands for a model, whether there is a file or not yet.
    func place(of model: LocatedModel) -> String {
        switch model {
        case .file(let path): return path
        case .absent(let known, let path):
            absent[path] = known
            return path
        }
    }

    /// The model, ready to run.
    ///
    /// - Throws: what its engine has to say where it cannot be loaded.
    func engine(_ path: String) throws -> any InferenceEngine {
        if let known = loaded[path] { return known }
        let made = try engines.load(path)
        loaded[path] = made
        return made
    }

    /// What the file says of itself: enough to know whether it fits, before its weights are read.
    ///
    /// - Throws: where it is no model file.
    func description(_ path: String) throws -> ModelDescription {
        if let model = absent[path] { return ModelDescription(model) }
        if let known = loaded[path]?.model ?? descriptions[path] { return known }
        let found = try engines.describe(path)
        descriptions[path] = found
        return found
    }

    /// The identity of the model's content; of an absent model a text that no file has, so that no row counts as its own.
    ///
    /// - Throws: where it cannot be read.
    func digest(_ path: String) throws -> String {
        if let model = absent[path] { return "absent:\(model.name)" }
        if let known = digests[path] { return known }
        let taken = try engines.digest(path)
        digests[path] = taken
        return taken
    }
}
