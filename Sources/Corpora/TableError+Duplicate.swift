import Tables

extension TableError {
    /// The error for a clip that is named twice; both lines count from 1.
    static func duplicate(file: String, line: Int, first: Int, clip: String) -> TableError {
        TableError(
            file: file, line: line, found: "clip '\(clip)' again (first on line \(first))",
            expected: "every clip name once")
    }
}
