import Errors
import Files

extension MappedFile {
    /// Maps a model file, a class map or another program's model.
    ///
    /// - Throws: `ModelError.file` if it cannot be opened, is not a regular file or is empty; `FileError` if the system
    ///   has run out of a resource.
    convenience init(model path: String) throws {
        do {
            try self.init(path: path)
        } catch let error as FileError where !error.isShortage {
            throw ModelError.unreadable(path, error)
        }
    }
}
