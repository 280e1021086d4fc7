/// What can go wrong with a model's files: one line that says where, what was found and what was expected.
package enum NetworkError: Error, CustomStringConvertible, Equatable {
    /// The file as a whole.
    case file(path: String, reason: String)
    /// The file cannot be written; `reason` is the system's.
    case writing(path: String, reason: String)
    /// One tensor of a model file.
    case tensor(path: String, tensor: String, reason: String)
    /// One key of a model file's metadata.
    case metadata(path: String, key: String, reason: String)

    package var description: String {
        let text =
            switch self {
            case .file(let path, let reason): "\(path): \(reason)"
            case .writing(let path, let reason): "\(path): cannot write: \(reason)"
            case .tensor(let path, let tensor, let reason): "\(path): tensor \(tensor.prefix(80)): \(reason)"
            case .metadata(let path, let key, let reason): "\(path): metadata '\(key)': \(reason)"
            }
        // Names and texts of a hostile file stand in it: they must not break the line.
        return String(text.map { $0.isNewline || $0.asciiValue.map { $0 < 32 || $0 == 127 } ?? false ? "?" : $0 })
    }
}
