import Errors
import Corpora
import Files
import Foundation

/// Checks the path that a command is to write to, before the command does any work.
enum OutputPath {
    /// Whether the path leads to the process's own standard output; the summary then goes to standard error.
    static func isStandardOutput(_ path: String) -> Bool {
        (try? OutputFile.destination(of: PathText.bytes(path))) == .descriptor(STDOUT_FILENO)
    }

    /// Whether the path leads to a file, from which the command can read back what it wrote.
    static func isFile(_ path: String) -> Bool {
        guard case .file = try? OutputFile.destination(of: PathText.bytes(path)) else { return false }
        return true
    }

    /// Whether two paths lead to the same file, which exists.
    static func isSame(_ first: String, _ second: String) -> Bool {
        guard let first = FileSystem.status(first), let second = FileSystem.status(second) else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Checks a file that is to be written.
    ///
    /// - Throws: `CommandError` of category `usage` for a folder or for a file that belongs to a cache, and of category
    ///   `inputOutput` for a standard stream that is closed; `FileError` if the path cannot be examined.
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

    /// Checks a folder into which files of the given names are to be written.
    ///
    /// - Throws: what `check(_:)` throws for each file.
    static func check(folder: String, names: [String]) throws {
        for name in names { try check(folder + "/" + name) }
    }

    /// Checks a folder below which files are to be written, under names that come from recordings.
    ///
    /// - Throws: `CommandError` of category `usage` if something other than a folder is there, or if the place belongs
    ///   to a cache; `FileError` if the path cannot be examined.
    static func check(treeBelow folder: String) throws {
        switch try OutputFile.destination(of: PathText.bytes(folder)) {
        case .folder: break
        case .file(let bytes) where !FileSystem.exists(PathText.text(bytes)): break
        default: throw CommandError(.usage, at: folder, "it is not a folder, expected one to write files into")
        }
        // Whatever the files will be called, none may end up among the cache's own.
        try refuseKept(PathText.bytes(folder + "/in-flight"), named: folder)
    }

    /// Checks that a file does not exist yet, unless `force` is set: someone may have edited it by hand.
    ///
    /// - Throws: `CommandError` of category `usage` if the file exists.
    static func checkIsNew(_ path: String, force: Bool) throws {
        guard !force, case .file(let bytes) = try? OutputFile.destination(of: PathText.bytes(path)),
            FileSystem.exists(PathText.text(bytes))
        else { return }
        throw CommandError(
            .usage, at: path, "a file of this name exists and may have been edited; --force replaces it")
    }

    /// Checks a file that is to become a manifest. If it exists it must be a manifest already, so that `--force` with a
    /// mistyped path cannot destroy a recording.
    ///
    /// - Throws: `CommandError` of category `usage` if the existing file is not a manifest; `FileError` if it cannot be
    ///   read.
    static func checkIsManifest(_ path: String) throws {
        guard case .file(let bytes) = try? OutputFile.destination(of: PathText.bytes(path)) else { return }
        let place = PathText.text(bytes)
        guard FileSystem.exists(place), try !Manifest.isOne(place) else { return }
        throw CommandError(
            .usage, at: "\(path)", "the existing file is not a manifest, and --force replaces only manifests")
    }

    private static func refuseKept(_ bytes: [UInt8], named path: String) throws {
        let place = FileSystem.resolved(PathText.text(bytes))
        let name = String(place[place.index(after: place.lastIndex(of: "/") ?? place.startIndex)...])
        let folder = FileSystem.folder(of: place)
        let isKept =
            name.hasPrefix("ledger.sqlite") || name.hasPrefix("judgements.sqlite")
            || ["lock", "in-flight"].contains(name)
        if isKept, FileSystem.exists(folder + "/ledger.sqlite") { throw kept(path, folder) }
        // Anywhere below `shards`.
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
