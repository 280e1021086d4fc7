import Tables
import Wording

/// The classes of a model, by name and by identifier, for checking labels: one place, so that every command finds and rejects
/// the same labels.
package struct ClassNames: Sendable {
    /// How many similar names and unknown labels a message names.
    private static let named = 3
    /// Longer labels are compared by their ends only.
    private static let longest = 100

    package let names: [String]
    /// Identifiers of the ontology (`/m/0bt9lr`) in the names' order, empty where a class has none; none at all where the
    /// model knows none.
    package let identifiers: [String]
    private let places: [String: Int]

    /// - Parameters:
    ///   - names: in the order of the scores.
    ///   - identifiers: as many as there are names, or none.
    package init(_ names: [String], identifiers: [String] = []) {
        self.names = names
        self.identifiers = identifiers.count == names.count ? identifiers : []
        // A name goes before an identifier that reads the same, and the first of two alike before the second.
        let byIdentifier = self.identifiers.enumerated().filter { !$1.isEmpty }
        places = Dictionary((names.enumerated() + byIdentifier).map { ($1, $0) }) { first, _ in first }
    }

    /// The class of a label, which is its name or its identifier; nil if it is neither.
    package func place(of label: String) -> Int? { places[label] }

    /// What a label may be instead, for messages: the nearest names, or that the model knows no identifiers.
    package func expected(_ label: String) -> String {
        let near = near(label)
        if near.isEmpty, label.hasPrefix("/"), identifiers.allSatisfy(\.isEmpty) {
            return
                "the name of one of the \(counted(names.count, "class", "classes")), as the model knows no identifiers"
        }
        return "one of the \(counted(names.count, "class", "classes"))"
            + (near.isEmpty ? ", such as '\(names.first ?? "")'" : "; nearest: \(Self.quoted(near))")
    }

    /// Checks clips' labels against the classes.
    ///
    /// - Parameters:
    ///   - file: the manifest's name, for the message.
    ///   - map: knows labels that are no classes.
    /// - Throws: `TableError` naming the first label that is no class, with its line and clip and the names nearest to
    ///   it, and how many such labels there are in all.
    package func check(
        _ clips: some Sequence<(line: Int, clip: String, labels: [String])>, file: String, map: LabelMap? = nil
    ) throws {
        var first: (line: Int, clip: String, label: String)?
        var counts: [String: Int] = [:]
        var clipCount = 0
        for (line, clip, labels) in clips {
            let unknown = labels.filter { places[$0] == nil && map?[$0] == nil }
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

    /// The names that a label may have been meant for, the nearest first.
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
            // Part of a name, or more than it: "Bark" for "Bark (tree)", "Child speech" for "Child speech, kid speaking".
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
