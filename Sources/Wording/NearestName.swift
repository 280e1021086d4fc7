/// Finds the name that a mistyped word was meant to be.
package enum NearestName {
    /// The name with the fewest edits to `word`, the first if several tie; nil if none is near: at most one edit per
    /// three characters, or two for a short word, so that a guess is never too far off to help.
    package static func find(_ word: String, in names: some Sequence<String>) -> String? {
        var best: (name: String, edits: Int)?
        for name in names {
            let edits = edits(word, name)
            if edits <= max(2, word.count / 3), edits < min(word.count, name.count), edits < best?.edits ?? Int.max {
                best = (name, edits)
            }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbouring letters that turn one word into the other,
    /// ignoring case (optimal string alignment).
    package static func edits(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, before[j - 1] + 1) }
                row.append(least)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
