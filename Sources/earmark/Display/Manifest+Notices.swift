import Corpora

extension Manifest {
    /// Reads a manifest and tells on standard error what was assumed of it, and what in it is not used.
    static func reading(_ path: String, quiet: Bool = false) throws -> Manifest {
        let manifest = try Manifest(contentsOf: path)
        if !quiet {
            for notice in manifest.notices { say("earmark: \(TerminalText.plain(notice))") }
        }
        return manifest
    }
}
