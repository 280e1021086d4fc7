import Corpora
import Errors
import Ledger

/// The clips for which labels or events are wanted: those whose name or path matches a pattern.
package struct ClipSelection: Sendable {
    private let globs: [Glob]
    /// Whether all clips are chosen.
    package var isAll: Bool { globs.isEmpty }

    /// - Parameter patterns: in `Glob` syntax; empty for all clips.
    package init(_ patterns: [String]) { globs = patterns.map(Glob.init) }

    package func contains(_ clip: ClipRecord) -> Bool { contains(name: clip.name, path: clip.path) }

    /// - Parameter path: empty if it is not known.
    package func contains(name: String, path: String) -> Bool {
        isAll || globs.contains { $0.matches(name) || (!path.isEmpty && $0.matches(path)) }
    }

    /// - Throws: `SettingError` naming a pattern that matches no clip of the cache; `LedgerError`.
    package func check(_ ledger: Ledger) throws {
        guard !isAll else { return }
        var unmatched = globs
        var last: ClipRecord?
        try ledger.forEachClip { clip in
            last = clip
            if !unmatched.isEmpty { unmatched.removeAll { $0.matches(clip.name) || $0.matches(clip.path) } }
        }
        guard let first = unmatched.first else { return }
        throw SettingError(
            name: "--clip", found: "'\(first.text)', which fits no clip's name or path",
            expected: "a pattern that does" + (last.map { ", such as '\($0.name)'" } ?? ""))
    }
}
