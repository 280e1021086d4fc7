/// What can be wrong with a corpus's files, in one line each: where, what was found, what was expected.
package enum CorpusError: Error, CustomStringConvertible, Equatable {
    /// Something wrong in a text file; `line` counts from 1.
    case line(file: String, line: Int, found: String, expected: String)
    /// A clip named twice; both lines count from 1.
    case duplicate(file: String, line: Int, first: Int, clip: String)
    /// A corpus whose parts are not where its layout puts them.
    case layout(folder: String, found: String, expected: String)
    /// A parameter that makes no sense.
    case parameter(name: String, found: String, expected: String)

    package var description: String {
        // Names and columns of a hostile file stand in it: they must not break the line.
        String(words.map { $0.isNewline || $0 == "\0" ? "?" : $0 })
    }

    private var words: String {
        switch self {
        case .line(let file, let line, let found, let expected): "\(file):\(line): found \(found), expected \(expected)"
        case .duplicate(let file, let line, let first, let clip):
            "\(file):\(line): found clip '\(clip)' again (first on line \(first)), expected every clip name once"
        case .layout(let folder, let found, let expected): "\(folder): found \(found), expected \(expected)"
        case .parameter(let name, let found, let expected): "\(name): found \(found), expected \(expected)"
        }
    }
}
