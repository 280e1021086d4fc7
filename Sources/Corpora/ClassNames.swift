import Tables
import Wording

/// A model's classes, by name and by identifier. Every command checks labels with this type, so that all of them accept
/// and reject the same labels.
package struct ClassNames: Sendable {
    /// How many similar names, and how many unknown labels, a message lists.
    private static let named = 3
    /// Labels and names longer than this are not compared by edit distance, only for one containing the other.
    private static let longest = 100

    package let names: [String]
    /// Ontology identifiers (`/m/0bt9lr`) in the order of the names, empty for a class that has none; an empty array if
    /// the model has none.
    package let identifiers: [String]
    private let places: [String: Int]

    /// - Parameters:
    ///   - names: in the order of the scores.
    ///   - identifiers: as many as there are names, or none.
    package init(_ names: [String], identifiers: [String] = []) {
        self.names = names
        self.identifiers = identifiers.count == names.count ? identifiers : []
        // A name takes precedence over an identifier that reads the same, and the first of two equal names over the
        // second.
        let byIdentifier = self.identifiers.enumerated().filter { !$1.isEmpty }
        places = Dictionary((names.enumerated() + byIdentifier).map { ($1, $0) }) { first, _ in first }
    }

    /// The index of the class whose name or identifier is `label`, also as an export writes it (`CSV.safeField`); nil if
    /// there is none.
    package func place(of label: String) -> Int? { places[label] ?? places[CSV.name(ofSafe: label)] }

    /// What was expected instead of a label, for messages: the nearest names, or that the model has no identifiers.
    package func expected(_ label: String) -> String {
        let near = near(label)
        if near.isEmpty, label.hasPrefix("/"), identifiers.allSatisfy(\.isEmpty) {
            return
                "the name of one of the \(counted(names.count, "class", "classes")), as the model has no identifiers"
        }
        return "one of the \(counted(names.count, "class", "classes"))"
            + (near.isEmpty ? ", such as '\(names.first ?? "")'" : "; nearest: \(Self.quoted(near))")
    }

    /// Checks clips' labels against the classes.
    ///
    /// - Parameters:
    ///   - clips: line number, name and labels of each clip.
    ///   - file: name of the file with the labels, for the message.
    ///   - map: a map that has labels that are not classes.
    /// - Throws: `TableError` naming the first label that is neither a class nor in the map, with its line, its clip
    ///   and the names nearest to it, and how many such labels there are in all.
    package func check(
        _ clips: some Sequence<(line: Int, clip: String, labels: [String])>, file: String, map: LabelMap? = nil
    ) throws {
        var first: (line: Int, clip: String, label: String)?
        var counts: [String: Int] = [:]
        var clipCount = 0
        for (line, clip, labels) in clips {
            let unknown = labels.filter { place(of: $0) == nil && map?[$0] == nil }
            guard let label = unknown.first else { continue }
            if first == nil { first = (line, clip, label) }
            clipCount += 1
            for label in unknown { counts[label, default: 0] += 1 }
        }
        guard let first else { return }
        var expected = expected(first.label)
        if let map {
            expected += ", or a label of \(map.file)"
            if let near = NearestName.find(first.label, in: map.labels) { expected += ", such as '\(near)'" }
        }
        if counts.count > 1 || clipCount > 1 {
            let others = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.named)
            expected += " (unknown in all: \(counted(counts.count, "name")) in \(counted(clipCount, "clip")): "
            expected += others.map { "'\($0.key)' \(counted($0.value, "time"))" }.joined(separator: ", ")
            expected += counts.count > Self.named ? ", ...)" : ")"
        }
        throw TableError(
            file: file, line: first.line, found: "label '\(first.label)' of clip '\(first.clip)'", expected: expected)
    }

    /// The names that a label may have been meant for, nearest first.
    package func near(_ label: String) -> [String] {
        let wanted = Self.folded(label)
        guard !wanted.isEmpty else { return [] }
        let limit = max(1, wanted.count / 3)
        let ranked = names.enumerated().compactMap { place, name -> (rank: Int, place: Int)? in
            let other = Self.folded(name)
            if wanted.count <= Self.longest, other.count <= Self.longest, abs(other.count - wanted.count) <= limit {
                let distance = NearestName.edits(label, name)
                if distance <= limit { return (distance, place) }
            }
            // The label is part of a name, or the name part of the label: "Bark" for "Bark (tree)", "Child speech" for
            // "Child speech, kid speaking".
            let (short, long) = wanted.count < other.count ? (wanted, other) : (other, wanted)
            guard short.count >= 3 else { return nil }
            if long.starts(with: short) { return (limit + 1, place) }
            return Self.contains(long, short) ? (limit + 2, place) : nil
        }
        return ranked.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.prefix(Self.named).map { names[$0.place] }
    }

    private static func quoted(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }

    private static func folded(_ text: String) -> [Unicode.Scalar] { Array(text.lowercased().unicodeScalars) }

    private static func contains(_ long: [Unicode.Scalar], _ short: [Unicode.Scalar]) -> Bool {
        guard short.count <= long.count else { return false }
        return (0...long.count - short.count).contains { long[$0...].starts(with: short) }
    }
}
