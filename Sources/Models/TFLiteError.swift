import Errors

/// Why a TensorFlow Lite file is not the one expected, before the file's name is known.
struct TFLiteError: Error {
    let reason: String
    /// Number of the tensor that is meant, if it is one.
    let tensor: Int32?

    init(_ reason: String, tensor: Int32? = nil) {
        self.reason = reason
        self.tensor = tensor
    }

    /// The error as it is told.
    func at(_ path: String) -> ModelError {
        tensor.map { .tensor(path: path, tensor: String($0), reason: reason) } ?? .file(path: path, reason: reason)
    }
}
