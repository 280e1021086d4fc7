/// A file that a parameter names, as it was written and before it is looked up.
package struct FileReference: Sendable, Equatable {
    /// Where the text was written, which decides what a relative path is relative to.
    package enum Origin: Sendable, Equatable {
        /// In the pipeline's file; `folder` is that file's folder, with a slash at its end, or empty for the working
        /// folder.
        case pipeline(folder: String)
        /// On the command line, by `--set`: relative paths start from the working folder.
        case commandLine
    }

    package let text: String
    package let origin: Origin

    package init(text: String, origin: Origin) {
        self.text = text
        self.origin = origin
    }

    /// The text taken as a path: relative to its origin, or absolute.
    package var path: String {
        guard case .pipeline(let folder) = origin, !text.hasPrefix("/") else { return text }
        return folder + text
    }

    /// Thrown when a reference leads to nothing: where it was looked for, and what was expected. The message is
    /// prefixed with the pipeline's file and line.
    package struct NotFound: Error, CustomStringConvertible, Sendable {
        package let description: String

        package init(_ description: String) { self.description = description }
    }
}
