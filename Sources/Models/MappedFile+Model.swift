import Files

extension MappedFile {
    /// A file of a model, its class map or another program's model.
    ///
    /// - Throws: `NetworkError.file` when it cannot be opened, is not a regular file, or is empty.
    convenience init(model path: String) throws {
        do {
            try self.init(path: path)
        } catch let error as FileError {
            throw NetworkError.file(
                path: path, reason: error.code == nil ? error.message : "\(error.message): \(error.reason)")
        }
    }
}
