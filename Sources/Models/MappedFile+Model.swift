import Errors
import Files

extension MappedFile {
    /// A file of a model, its class map or another program's model.
    ///
    /// - Throws: `ModelError.file` when it cannot be opened, is not a regular file, or is empty; `FileError` where the system
    ///   has run out of something.
    convenience init(model path: String) throws {
        do {
            try self.init(path: path)
        } catch let error as FileError where !error.isShortage {
            throw ModelError.file(
                path: path, reason: error.code == nil ? error.message : "\(error.message): \(error.reason)")
        }
    }
}
