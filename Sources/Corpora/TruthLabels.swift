import Wording

/// Turns the labels of a ground truth into classes, by the label map if it has them, otherwise by name or identifier,
/// and counts the outcomes.
package struct TruthLabels: Sendable {
    private let names: ClassNames
    private let map: LabelMap?
    /// Number of labels that stand for at least one class.
    package private(set) var matched = 0
    /// How often each label without a class occurred, and how many clips had one.
    private var dropped: [String: Int] = [:]
    private var clipsWithDropped = 0

    package init(names: ClassNames, map: LabelMap? = nil) {
        self.names = names
        self.map = map
    }

    /// Checks all labels of a ground truth against the classes and the map.
    ///
    /// - Throws: `TableError` naming the first label that is unknown, as `ClassNames.check` does.
    package func check(_ truth: Manifest) throws {
        try names.check(
            (0..<truth.count).lazy.map { (line: truth.line($0), clip: truth.clip($0), labels: truth.labels($0)) },
            file: truth.file, map: map)
    }

    /// The classes of a clip's labels, each once, in the labels' order.
    package mutating func places(of labels: [String]) -> [Int] {
        var found: [Int] = []
        var hasDropped = false
        for label in labels {
            let places = map?[label] ?? names.place(of: label).map { [$0] } ?? []
            if places.isEmpty {
                dropped[label, default: 0] += 1
                hasDropped = true
            } else {
                matched += 1
            }
            for place in places where !found.contains(place) { found.append(place) }
        }
        if hasDropped { clipsWithDropped += 1 }
        return found
    }

    /// A description of the labels that the map ignored; nil if there were none.
    package var droppedText: String? {
        guard let map, !dropped.isEmpty else { return nil }
        let most = 5
        let sorted = dropped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let named = sorted.prefix(most).map { "'\($0.key)' \(counted($0.value, "time"))" }.joined(separator: ", ")
        return
            "\(map.file) ignores \(counted(dropped.values.reduce(0, +), "label")) of \(counted(clipsWithDropped, "clip")): "
            + "\(named)" + (sorted.count > most ? ", ..." : "")
    }
}
