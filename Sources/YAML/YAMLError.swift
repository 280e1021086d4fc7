import Errors

/// A text that is not YAML, or not of the form that its reader expects.
package struct YAMLError: EarmarkError, Equatable {
    package let file: String
    /// 1-based, where known.
    package let line: Int?
    package let message: String

    package init(file: String, line: Int? = nil, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var category: ErrorCategory { .badInput }
    package var place: ErrorPlace? { ErrorPlace(file, line: line) }
}
