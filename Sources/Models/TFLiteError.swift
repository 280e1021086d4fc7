import Errors

/// The reason why a TensorFlow Lite file is refused, thrown where the file's name is not known.
struct TFLiteError: Error {
    let reason: String
    /// Index of the tensor at fault, if there is one.
    let tensor: Int32?

    init(_ reason: String, tensor: Int32? = nil) {
        self.reason = reason
        self.tensor = tensor
    }

    /// The error as reported to the user, with the file's path.
    func at(_ path: String) -> ModelError {
        tensor.map { .tensor(path: path, tensor: String($0), reason: reason) } ?? .file(path: path, reason: reason)
    }
}
