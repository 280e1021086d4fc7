/// Something wrong in a text file of rows: where, what was found and what was expected.
package struct TableError: Error, CustomStringConvertible, Equatable {
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

    package var description: String {
        // Fields of a hostile file stand in it: they must not break the line.
        let text = "\(file):\(line): found \(found), expected \(expected)"
        return String(text.map { $0.isNewline || $0 == "\0" ? "?" : $0 })
    }
}
