/// The clips found in a folder or corpus, and what had to be left out.
package struct Scan: Sendable {
    /// In a fixed order, with absolute paths and names that differ.
    package var entries: [Manifest.Entry] = []
    /// One line each: what was left out and why.
    package var warnings: [String] = []
    /// What a folder holds besides, by kind; empty for a corpus of a known layout.
    package var leftOut = LeftOut()
}
