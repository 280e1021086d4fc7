/// The clips found in a folder or corpus, and what had to be left out.
package struct Scan: Sendable {
    /// The clips in a fixed order, with absolute paths and distinct names.
    package var entries: [Manifest.Entry] = []
    /// One line for each problem: what was left out or is missing, and why.
    package var warnings: [String] = []
    /// What else a folder holds, by kind; empty for a corpus of a known layout.
    package var leftOut = LeftOut()
    /// What was listed from archives.
    package var archives = ArchiveTally()
}
