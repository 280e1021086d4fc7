import Errors
import Files
import Foundation
import Models

/// Puts a known model's file in place: downloads, checks and imports it, and only then gives it its name.
struct ModelFetch {
    let model: KnownModel
    let remote: RemoteFile
    /// The path of the model file to write.
    let path: String

    /// Fetches a model that a command needs.
    ///
    /// Reports what it is about to fetch before any request is sent. If several processes need the same file, one
    /// fetches it and the others wait.
    ///
    /// - Throws: what `write(to:)` throws; `FileError` if the folder cannot be made; `CommandError` of status 74 if the
    ///   lock's file cannot be made.
    func run() throws {
        try FileSystem.makeFolder(FileSystem.folder(of: path))
        let lock = try FetchLock(path + ".lock") {
            say("earmark: another process is fetching the model; waiting for it")
        }
        defer { withExtendedLifetime(lock) {} }
        // The process that held the lock before may have fetched the file.
        if FileSystem.isFile(path) { return }
        say(
            "earmark: fetching the model '\(model.name)' (\(remote.terms(of: model))); it is kept as "
                + TerminalText.plain(path))
        try write(to: path)
    }

    /// Downloads the file, checks its digest and imports it.
    ///
    /// - Throws: `CommandError` if the network fails or the digest is wrong; `ModelError` if the file cannot be
    ///   imported; `FileError` if a file cannot be read or written.
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

    /// Calls `body` with a new temporary folder, which is removed afterwards.
    ///
    /// - Throws: `FileError` if the folder cannot be made; what `body` throws.
    static func inScratch(_ body: (String) throws -> Void) throws {
        let scratch = NSTemporaryDirectory() + "/earmark-" + UUID().uuidString
        try FileSystem.makeFolder(scratch)
        defer { try? FileSystem.remove(scratch) }
        try body(scratch)
    }
}
