import Engines
import Errors

/// The option `--precision` of commands that run a model.
enum PrecisionOption {
    /// The arithmetic that a text names; nil for `auto`.
    ///
    /// - Throws: `CommandError` if it is none of the names.
    static func precision(_ text: String) throws -> Precision? {
        if text == "auto" { return nil }
        guard let precision = Precision(rawValue: text) else {
            throw CommandError(
                .usage,
                "--precision is '\(text)', expected auto or \(Precision.allCases.map(\.rawValue).joined(separator: " or "))"
            )
        }
        return precision
    }
}
