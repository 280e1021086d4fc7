import Files
import Wording

/// What was listed from archives, and what in them was not used.
package struct ArchiveTally: Sendable, Equatable {
    /// Archives from which at least one recording is listed.
    package var archives = 0
    /// Recordings listed from them.
    package var recordings = 0
    /// Recordings with labels from a `.json` or `.cls` member beside them.
    package var labelled = 0
    /// `.json` members beside recordings that name no label, or are not JSON.
    package var withoutLabel = 0
    /// `.txt` members beside recordings, which are captions and not used.
    package var captions = 0
    /// Members that a later one of the same name replaces.
    package var replaced = 0

    /// One line for each kind that occurs.
    package var lines: [String] {
        var lines: [String] = []
        if archives > 0 {
            lines.append("listed from \(counted(archives, "archive")): \(counted(recordings, "recording"))")
        }
        if labelled > 0 { lines.append("labels taken from .json and .cls members beside recordings: \(labelled)") }
        if withoutLabel > 0 { lines.append("not used: \(counted(withoutLabel, ".json member")) without a label") }
        if captions > 0 { lines.append("not used: \(counted(captions, "caption")) (.txt members beside recordings)") }
        if replaced > 0 {
            lines.append("left out: \(counted(replaced, "member")) replaced by later ones of the same name")
        }
        return lines
    }
}
