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
    /// - Throws: `CommandError` of status usage for a folder and for a file that a cache keeps; of status 74 where standard
    ///   output is asked for and closed.
    static func check(_ path: String) throws {
        do {
            switch try OutputFile.destination(of: PathText.bytes(path)) {
            case .folder:
                throw CommandError(Status.usage, "\(path): it is a folder, expected the name of a file to write")
            case .descriptor(let number):
                if StandardDescriptors.wasClosed(number) {
                    throw CommandError(Status.inputOutput, "\(path): cannot write: it is closed")
                }
            case .special: return
            case .file(let bytes):
                if path.hasSuffix("/") {
                    throw CommandError(Status.usage, "\(path): names a folder, expected the name of a file to write")
                }
                try refuseKept(bytes, named: path)
            }
        } catch let failure as OutputFile.Failure {
            throw CommandError(Status.inputOutput, "\(path): cannot write: \(failure.reason)")
        }
    }

    /// A folder into which files are to be written under the given names.
    ///
    /// - Throws: as `check(_:)` does for each file.
    static func check(folder: String, names: [String]) throws {
        for name in names { try check(folder + "/" + name) }
    }

    /// A file with work of someone's own hands in it is not written over unasked.
    ///
    /// - Throws: `CommandError` of status usage where the file is there.
    static func checkIsNew(_ path: String, force: Bool) throws {
        guard !force, case .file(let bytes) = try? OutputFile.destination(of: PathText.bytes(path)),
            FileSystem.exists(PathText.text(bytes))
        else { return }
        throw CommandError(
            Status.usage, "\(path): a file of this name is there and may have been edited; --force replaces it")
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
        CommandError(Status.usage, "\(path): a place that the cache \(cache) keeps for itself; give another --out")
    }
}
