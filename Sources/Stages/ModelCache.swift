import Engines
import Models

/// Describes, loads and digests each model file of a pipeline once.
final class ModelCache {
    private let engines: EngineRegistry
    private var descriptions: [String: ModelDescription] = [:]
    private var loaded: [LoadKey: any InferenceEngine] = [:]
    private var digests: [String: String] = [:]
    private var heads: [String: Head?] = [:]
    /// The models that are not on this machine, by the paths where they will be.
    private var absent: [String: KnownModel] = [:]

    private struct LoadKey: Hashable {
        let path: String
        let precision: Precision?
    }

    init(_ engines: EngineRegistry) { self.engines = engines }

    /// The models that are not on this machine, each once, sorted by name.
    var absentModels: [KnownModel] {
        Dictionary(absent.values.map { ($0.name, $0) }) { first, _ in first }.values.sorted { $0.name < $1.name }
    }

    /// The model that will be at a path but is not there yet; nil for any other path, even if no file is there.
    func absent(_ path: String) -> KnownModel? { absent[path] }

    /// The path of a model's file, whether the file exists yet or not. Remembers a model that is not on this machine.
    func place(of model: LocatedModel) -> String {
        switch model {
        case .file(let path): return path
        case .absent(let known, let path):
            absent[path] = known
            return path
        }
    }

    /// The model, ready to run in this arithmetic; nil leaves that to its file.
    ///
    /// - Throws: its engine's error if it cannot be loaded.
    func engine(_ path: String, precision: Precision?) throws -> any InferenceEngine {
        let key = LoadKey(path: path, precision: precision)
        if let known = loaded[key] { return known }
        let made = try engines.load(path, precision: precision)
        loaded[key] = made
        return made
    }

    /// What the model's file says about the model: enough to know whether it fits before its weights are read.
    ///
    /// - Throws: an error if the file is not a model file.
    func description(_ path: String) throws -> ModelDescription {
        if let model = absent[path] { return ModelDescription(model) }
        if let known = descriptions[path] { return known }
        let found = try engines.describe(path)
        descriptions[path] = found
        return found
    }

    /// The layers of a head, without its base; nil if the file is no head, or is not there.
    ///
    /// - Throws: an error if it is a head with a fault.
    func head(_ path: String) throws -> Head? {
        if let known = heads[path] { return known }
        let head = HeadFile.isOne(path) ? try Head(path: path) : nil
        heads[path] = .some(head)
        return head
    }

    /// The digest of the model's content; for a model that is not on this machine, a text that no file has as its
    /// digest, so that no cached row counts as made by the model.
    ///
    /// - Throws: an error if the file cannot be read.
    func digest(_ path: String) throws -> String {
        if let model = absent[path] { return "absent:\(model.name)" }
        if let known = digests[path] { return known }
        let taken = try engines.digest(path)
        digests[path] = taken
        return taken
    }
}
