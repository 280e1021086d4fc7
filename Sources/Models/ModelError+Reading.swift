import Errors
import Files

extension ModelError {
    /// The error for a model's file that cannot be read.
    static func unreadable(_ path: String, _ error: FileError) -> ModelError {
        .file(path: path, reason: error.code == nil ? error.message : "\(error.message): \(error.reason)")
    }

    /// Calls what reads a file of a model.
    ///
    /// - Throws: `ModelError.file` for a `FileError`, unless the system has run out of a resource; and what else `body`
    ///   throws.
    static func reading<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as FileError where !error.isShortage {
            throw unreadable(path, error)
        }
    }
}
