import Foundation

/// The sources of the modules, for tests of what stands in them.
enum SourceFiles {
    private static let root =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Sources"

    /// Path below `Sources` and text of each, without lines that are comments.
    static func all() throws -> [(path: String, text: String)] {
        try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }.sorted().map {
            path in
            let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return (path, lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n"))
        }
    }
}
