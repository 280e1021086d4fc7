import Errors

/// An error in a text file of rows: where, what was found and what was expected.
package struct TableError: EarmarkError, Equatable {
    package let file: String
    /// From 1.
    package let line: Int
    package let found: String
    package let expected: String

    package init(file: String, line: Int, found: String, expected: String) {
        self.file = file
        self.line = line
        self.found = found
        self.expected = expected
    }

    package var category: ErrorCategory { .badInput }
    package var place: ErrorPlace? { ErrorPlace(file, line: line) }
    package var message: String { "found \(found), expected \(expected)" }
}
