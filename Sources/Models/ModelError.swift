import Errors

/// A fault in a model's file: where it is, what was found and what was expected.
package enum ModelError: EarmarkError, Equatable {
    /// The file as a whole.
    case file(path: String, reason: String)
    /// A line, counted from 1, of a text file that belongs to a model.
    case line(path: String, line: Int, reason: String)
    /// A byte offset at which the file's content is invalid or points outside the file.
    case byte(path: String, byte: Int, reason: String)
    /// One tensor of a model file.
    case tensor(path: String, tensor: String, reason: String)
    /// One key of a model file's metadata.
    case metadata(path: String, key: String, reason: String)

    package var category: ErrorCategory { .badInput }

    package var place: ErrorPlace? {
        switch self {
        case .file(let path, _): ErrorPlace(path)
        case .line(let path, let line, _): ErrorPlace(path, line: line)
        case .byte(let path, let byte, _): ErrorPlace(path, byte: byte)
        case .tensor(let path, let tensor, _): ErrorPlace(path, part: .tensor(tensor))
        case .metadata(let path, let key, _): ErrorPlace(path, part: .metadata(key))
        }
    }

    package var message: String {
        switch self {
        case .file(_, let reason), .line(_, _, let reason), .byte(_, _, let reason), .tensor(_, _, let reason),
            .metadata(_, _, let reason):
            reason
        }
    }
}
