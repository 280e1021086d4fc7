import Wording

/// What came of looking for the start times of recordings, in numbers and first examples.
package struct StartTimeSummary: Sendable {
    /// The most disagreements that are named.
    private static let shown = 5

    /// Recordings by the source of their time, or of the time of the file that gave it to them.
    package private(set) var sources: [StartTimeFinder.Source: Int] = [:]
    /// Recordings without a time, by the reason, each with the first one's name.
    package private(set) var lacks: [StartTimeFinder.Lack: (clips: Int, first: String)] = [:]
    /// Recordings whose sources disagree; the first of them in words.
    package private(set) var disagreements = 0
    private var disagreeing: [String] = []
    /// Recordings whose header could not be read, or not to its end.
    package private(set) var unreadable = 0
    private var firstUnreadable = ""
    /// Recordings with the time of another file that has their content.
    package private(set) var fromCopies = 0
    private var firstFromCopy = ""

    mutating func note(source: StartTimeFinder.Source) { sources[source, default: 0] += 1 }

    mutating func note(lack: StartTimeFinder.Lack, clip: String) {
        lacks[lack, default: (0, clip)].clips += 1
    }

    mutating func note(clip: String, copy: String) {
        if fromCopies == 0 { firstFromCopy = "'\(clip)' from '\(copy)'" }
        fromCopies += 1
    }

    mutating func note(unreadable clip: String, _ reason: String) {
        if unreadable == 0 { firstUnreadable = "'\(clip)': \(reason)" }
        unreadable += 1
    }

    mutating func note(
        disagreement clip: String, taken: StartTimeFinder.Source, _ time: String,
        others: [(source: StartTimeFinder.Source, time: String)]
    ) {
        disagreements += 1
        guard disagreeing.count < Self.shown else { return }
        let said = others.map { "\($0.source.rawValue) \($0.time)" }.joined(separator: ", ")
        disagreeing.append("'\(clip)': \(taken.rawValue) \(time), but \(said)")
    }

    /// Lines for the user: how many times there are and where they come from, how many of these are from other files, how
    /// many are missing and why, and what disagrees.
    package var lines: [String] {
        let (found, missing) = (sources.values.reduce(0, +), lacks.values.reduce(0) { $0 + $1.clips })
        let parts = StartTimeFinder.Source.allCases.compactMap { source in
            sources[source].map { "\($0) from \(source == .name ? "their names" : source.rawValue)" }
        }
        var lines = [
            "start times of \(found) of \(counted(found + missing, "clip"))"
                + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
        ]
        if fromCopies > 0 {
            lines.append(
                "start times of files with the same content, for clips without one: \(fromCopies) of these, "
                    + "the first \(firstFromCopy)")
        }
        for lack in StartTimeFinder.Lack.allCases {
            guard let (clips, first) = lacks[lack] else { continue }
            lines.append("no start time: \(counted(clips, "clip")): \(lack.rawValue), the first '\(first)'")
        }
        if unreadable > 0 {
            lines.append("headers that cannot be read: \(unreadable), the first of \(firstUnreadable)")
        }
        if disagreements > 0 {
            lines.append(
                "\(counted(disagreements, "clip")) whose sources disagree; the first one named was taken:")
            lines += disagreeing.map { "  " + $0 }
            let more = disagreements - disagreeing.count
            if more > 0 { lines.append("  and \(more) more") }
        }
        return lines
    }
}
