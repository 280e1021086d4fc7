import Errors
import Files
import Foundation
import Models
import Pipeline
import Stages

/// Models that a command or a pipeline calls by name: found in a folder of this machine, or fetched.
struct NamedModels {
    /// What becomes of a model that is not on this machine.
    enum Absent {
        /// It is fetched, after its size, licence and address were said.
        case fetch
        /// It stays where it is: for a plan, which changes nothing.
        case leave
        /// It is an error: the user wants no network.
        case refuse
    }

    let finder: ModelFinder
    let absent: Absent
    let quiet: Bool

    /// - Parameter quiet: does not say where a model was found.
    /// - Throws: `CommandError` where EARMARK_DATA names a folder without pipelines.
    init(absent: Absent, quiet: Bool = false) throws {
        finder = try Self.finder()
        self.absent = absent
        self.quiet = quiet
    }

    /// `Models` of the working folder, then of what is installed, then the user's cache folder.
    static func finder() throws -> ModelFinder {
        let shipped = try ShippedFiles.find()
        var folders = [ModelFinder.Folder(.working, "Models")]
        if let shipped { folders.append(.init(.shipped, shipped.models)) }
        folders.append(.init(.user, userFolder()))
        return ModelFinder(folders: folders, shippedPipelines: shipped?.pipelines)
    }

    /// Where fetched models are kept: `earmark/models` in XDG_CACHE_HOME, else in `.cache` of the home folder. A relative
    /// XDG_CACHE_HOME counts as none (XDG Base Directory Specification 0.8).
    static func userFolder() -> String {
        let environment = ProcessInfo.processInfo.environment
        let absolute = { (name: String) in environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let cache = absolute("XDG_CACHE_HOME") ?? (absolute("HOME") ?? NSHomeDirectory()) + "/.cache"
        return cache + "/earmark/models"
    }

    /// The model that a pipeline names.
    ///
    /// - Throws: `FileReference.NotFound`, and `CommandError` where it is to be fetched and cannot be.
    func locate(_ reference: FileReference) throws -> LocatedModel {
        let (model, notice) = try finder.locate(reference)
        if let notice, !quiet { say("earmark: \(TerminalText.plain(notice))") }
        guard case .absent(let known, let path) = model, absent != .leave else { return model }
        return .file(try fetched(known, to: path))
    }

    /// The file that a command's argument stands for: a file of the working folder, or a model's name.
    ///
    /// - Throws: `CommandError` of status 65 where there is no such model, and where it is to be fetched and cannot be.
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

    /// What a plan says of a model that is not there.
    ///
    /// - Throws: `CommandError` where EARMARK_MIRROR is no address.
    static func note(onAbsent model: KnownModel) throws -> String {
        "a run first fetches the model '\(model.name)' (\(try RemoteFile(of: model).terms(of: model))). Until it is here, what "
            + "the cache already has by it is not known, and is counted as to do"
    }
}
