import Errors
import Corpora
import Files
import Foundation

/// Looks at the place that a command is to write to, before any work is done for it.
enum OutputPath {
    /// Whether it is the process's own standard output: the summary then goes to standard error.
    static func isStandardOutput(_ path: String) -> Bool {
        (try? OutputFile.destination(of: PathText.bytes(path))) == .descriptor(STDOUT_FILENO)
    }

    /// Whether the command's result can be read back from there.
    static func isFile(_ path: String) -> Bool {
        guard case .file = try? OutputFile.destination(of: PathText.bytes(path)) else { return false }
        return true
    }

    /// A file that is to be written.
    ///
    /// - Throws: `CommandError` of category usage for a folder and for a file that a cache keeps, of category input and output
    ///   where standard output is asked for and closed; `FileError` where the path cannot be looked at.
    static func check(_ path: String) throws {
        switch try OutputFile.destination(of: PathText.bytes(path)) {
        case .folder:
            throw CommandError(.usage, at: path, "it is a folder, expected the name of a file to write")
        case .descriptor(let number):
            if StandardDescriptors.wasClosed(number) {
                throw CommandError(.inputOutput, at: path, "cannot write: it is closed")
            }
        case .special: return
        case .file(let bytes):
            if path.hasSuffix("/") {
                throw CommandError(.usage, at: path, "names a folder, expected the name of a file to write")
            }
            try refuseKept(bytes, named: path)
        }
    }

    /// A folder into which files are to be written under the given names.
    ///
    /// - Throws: as `check(_:)` does for each file.
    static func check(folder: String, names: [String]) throws {
        for name in names { try check(folder + "/" + name) }
    }

    /// A folder below which files are to be written, under names that come from recordings.
    ///
    /// - Throws: `CommandError` of status usage for what is no folder, and for a place that a cache keeps.
    static func check(treeBelow folder: String) throws {
        switch try OutputFile.destination(of: PathText.bytes(folder)) {
        case .folder: break
        case .file(let bytes) where !FileSystem.exists(PathText.text(bytes)): break
        default: throw CommandError(.usage, at: folder, "it is no folder, expected one to write files into")
        }
        // Whatever the files will be called, none may come to lie among the cache's own.
        try refuseKept(PathText.bytes(folder + "/in-flight"), named: folder)
    }

    /// A file with work of someone's own hands in it is not written over unasked.
    ///
    /// - Throws: `CommandError` of category usage where the file is there.
    static func checkIsNew(_ path: String, force: Bool) throws {
        guard !force, case .file(let bytes) = try? OutputFile.destination(of: PathText.bytes(path)),
            FileSystem.exists(PathText.text(bytes))
        else { return }
        throw CommandError(
            .usage, at: path, "a file of this name is there and may have been edited; --force replaces it")
    }

    /// A file that is to become a manifest: one that is there must be a manifest already, so that `--force` and a slip of the
    /// finger cannot end a recording.
    ///
    /// - Throws: `CommandError` of status usage where a file that is no manifest is there; `TableError` where it cannot be read.
    static func checkIsManifest(_ path: String) throws {
        guard case .file(let bytes) = try? OutputFile.destination(of: PathText.bytes(path)) else { return }
        let place = PathText.text(bytes)
        guard FileSystem.exists(place), try !Manifest.isOne(place) else { return }
        throw CommandError(
            .usage, at: "\(path)", "a file that is no manifest is there, and --force replaces manifests only")
    }

    private static func refuseKept(_ bytes: [UInt8], named path: String) throws {
        let place = FileSystem.resolved(PathText.text(bytes))
        let name = String(place[place.index(after: place.lastIndex(of: "/") ?? place.startIndex)...])
        let folder = FileSystem.folder(of: place)
        let isKept = name.hasPrefix("ledger.sqlite") || ["lock", "in-flight"].contains(name)
        if isKept, FileSystem.exists(folder + "/ledger.sqlite") { throw kept(path, folder) }
        // Below `shards`, however deep.
        var inner = folder
        while inner != "/" {
            let outer = FileSystem.folder(of: inner)
            if inner.hasSuffix("/shards"), FileSystem.exists(outer + "/ledger.sqlite") { throw kept(path, outer) }
            inner = outer
        }
    }

    private static func kept(_ path: String, _ cache: String) -> CommandError {
        CommandError(.usage, at: path, "a place that the cache \(cache) keeps for itself; give another --out")
    }
}
