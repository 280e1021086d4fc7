import Errors
import Files
import Foundation
import Models

/// Puts the file of a known model in its place: downloaded, checked, imported, and only then given its name.
struct ModelFetch {
    let model: KnownModel
    let remote: RemoteFile
    /// The model file to be.
    let path: String

    /// Fetches a model that a command needs. Says what it is about to fetch before anything is sent; of several processes
    /// that need the same file one fetches it and the others wait.
    ///
    /// - Throws: what `write(to:)` does, and `CommandError` of status 74 where the folder cannot be written.
    func run() throws {
        try FileSystem.makeFolder(FileSystem.folder(of: path))
        let lock = try FetchLock(path + ".lock") {
            say("earmark: another process is fetching the model; waiting for it")
        }
        defer { withExtendedLifetime(lock) {} }
        // Whoever had the lock before may have left the file.
        if FileSystem.isFile(path) { return }
        say(
            "earmark: fetching the model '\(model.name)' (\(remote.terms(of: model))); it is kept as "
                + TerminalText.plain(path))
        try write(to: path)
    }

    /// Downloads the file, checks its digest and imports it.
    ///
    /// - Throws: `CommandError` where the network fails or the file is another; `ModelError` where it cannot be imported.
    func write(to out: String) throws {
        let data = try remote.fetch(for: out)
        try Self.inScratch { scratch in
            let list = try LabelList.classMap(in: data, of: "\(remote.url)")
            try FileSystem.write(scratch + "/model.tflite") { try $0(Array(data)[...]) }
            try FileSystem.write(scratch + "/classes.csv") { try $0(list[...]) }
            try FileSystem.makeFolder(FileSystem.folder(of: FileSystem.absolute(out)))
            try YAMNetImporter.importModel(
                tflite: scratch + "/model.tflite", classes: scratch + "/classes.csv", to: out, sha256: remote.sha256)
        }
    }

    /// Calls `body` with a new folder that is gone afterwards.
    static func inScratch(_ body: (String) throws -> Void) throws {
        let scratch = NSTemporaryDirectory() + "/earmark-" + UUID().uuidString
        try FileSystem.makeFolder(scratch)
        defer { try? FileSystem.remove(scratch) }
        try body(scratch)
    }
}
