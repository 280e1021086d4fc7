import Engines
import Errors
import Files
import Foundation
import Models
import Pipeline
import Stages

/// Finds the models that a command or a pipeline calls by name, in a folder on this machine, or fetches them.
struct NamedModels {
    /// What to do about a model that is not on this machine.
    enum Absent {
        /// Fetch it, after reporting its size, licence and address.
        case fetch
        /// Do without it: for a plan, which changes nothing.
        case leave
        /// Refuse: the user wants no network.
        case refuse
    }

    let finder: ModelFinder
    let absent: Absent
    let quiet: Bool

    /// - Parameter quiet: whether to leave out where a model was found.
    /// - Throws: `CommandError` if EARMARK_DATA names a folder without `Pipelines`.
    init(absent: Absent, quiet: Bool = false) throws {
        finder = try Self.finder()
        self.absent = absent
        self.quiet = quiet
    }

    /// Makes a finder that searches `Models` in the working folder, then in what is installed, then the user's cache
    /// folder.
    ///
    /// - Throws: `CommandError` if EARMARK_DATA names a folder without `Pipelines`.
    static func finder() throws -> ModelFinder {
        let shipped = try ShippedFiles.find()
        var folders = [ModelFinder.Folder(.working, "Models")]
        if let shipped { folders.append(.init(.shipped, shipped.models)) }
        folders.append(.init(.user, userFolder()))
        return ModelFinder(folders: folders, shippedPipelines: shipped?.pipelines)
    }

    /// The engines, which look for the base of a head among the models that can be called by name too.
    static let engines = EngineRegistry.searching { (try? finder().files().map(\.path)) ?? [] }

    /// The folder for fetched models: `earmark/models` in XDG_CACHE_HOME, else in `.cache` of the home folder. A
    /// relative XDG_CACHE_HOME is ignored (XDG Base Directory Specification 0.8).
    static func userFolder() -> String {
        let environment = ProcessInfo.processInfo.environment
        let absolute = { (name: String) in environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let cache = absolute("XDG_CACHE_HOME") ?? (absolute("HOME") ?? NSHomeDirectory()) + "/.cache"
        return cache + "/earmark/models"
    }

    /// Locates the model that a pipeline names, and fetches it if necessary.
    ///
    /// - Throws: `FileReference.NotFound` if there is no such model; `CommandError` if it is not here and `absent`
    ///   forbids fetching it; what `ModelFetch.run()` throws.
    func locate(_ reference: FileReference) throws -> LocatedModel {
        let (model, notice) = try finder.locate(reference)
        if let notice, !quiet { say("earmark: \(TerminalText.plain(notice))") }
        guard case .absent(let known, let path) = model, absent != .leave else { return model }
        return .file(try fetched(known, to: path))
    }

    /// Returns the file that a command's argument means: a file of the working folder, or a model's name.
    ///
    /// - Throws: `CommandError` of status 65 if there is no such model, or it is not here and `absent` forbids fetching
    ///   it; what `ModelFetch.run()` throws.
    func file(_ argument: String) throws -> String {
        let model: LocatedModel
        do {
            model = try locate(FileReference(text: argument, origin: .commandLine))
        } catch let error as FileReference.NotFound {
            throw CommandError(.badInput, at: "\(argument)", "\(error)")
        }
        switch model {
        case .file(let path), .absent(_, let path): return path
        }
    }

    private func fetched(_ model: KnownModel, to path: String) throws -> String {
        guard absent == .fetch else {
            throw CommandError(
                .badInput,
                "the model '\(model.name)' is not on this machine, and --offline forbids fetching it; looked in "
                    + finder.looked)
        }
        try ModelFetch(model: model, remote: RemoteFile(of: model), path: path).run()
        return path
    }

    /// The note that a plan prints about a model that is not on this machine.
    ///
    /// - Throws: `CommandError` if EARMARK_MIRROR is not an address.
    static func note(onAbsent model: KnownModel) throws -> String {
        "a run first fetches the model '\(model.name)' (\(try RemoteFile(of: model).terms(of: model))). Until then, "
            + "what the cache already has from it is not known and counts as to do"
    }
}
