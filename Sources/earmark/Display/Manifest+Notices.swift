import Corpora

extension Manifest {
    /// Reads a manifest and reports on standard error what was assumed about it, and what in it is not used.
    ///
    /// - Parameter quiet: whether to report nothing.
    /// - Throws: `FileError` if it cannot be read, `TableError` for a fault in it.
    static func reading(_ path: String, quiet: Bool = false) throws -> Manifest {
        let manifest = try Manifest(contentsOf: path)
        if !quiet {
            for notice in manifest.notices { say("earmark: \(TerminalText.plain(notice))") }
        }
        return manifest
    }
}
