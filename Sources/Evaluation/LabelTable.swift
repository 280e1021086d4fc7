/// Which classes each clip truly has, kept sparse: a clip has few labels among many classes.
package struct LabelTable: Sendable {
    package let classes: Int
    /// Row r's labels are `labels[offsets[r]..<offsets[r + 1]]`, ascending and without repeats.
    private(set) var offsets: [Int] = [0]
    private(set) var labels: [Int32] = []

    /// A table with no rows yet, for `classes` classes.
    package init(classes: Int) { self.classes = classes }

    /// Rows added so far.
    package var clips: Int { offsets.count - 1 }
    /// Labels over all rows.
    package var total: Int { labels.count }

    /// Adds the next clip's labels as class indices, in any order, repeats allowed.
    /// Throws `EvaluationError.labelOutOfRange`.
    package mutating func append(_ row: some Sequence<Int>) throws {
        let sorted = row.sorted()
        for (place, label) in sorted.enumerated() where place == 0 || label != sorted[place - 1] {
            guard label >= 0 && label < classes else {
                labels.removeSubrange(offsets[offsets.count - 1]...)
                throw EvaluationError.labelOutOfRange(row: clips, label: label, classes: classes)
            }
            labels.append(Int32(label))
        }
        offsets.append(labels.count)
    }

    /// - Throws: `EvaluationError.shape` if it does not have one row per clip of the table and the table's classes.
    func requireFit(_ table: ScoreTable) throws {
        guard classes == table.classes.count else {
            throw EvaluationError.shape(what: "classes of the truth", found: classes, expected: table.classes.count)
        }
        guard clips == table.clips else {
            throw EvaluationError.shape(what: "clips of the truth", found: clips, expected: table.clips)
        }
    }

    /// The labels of a clip, ascending.
    func row(_ index: Int) -> ArraySlice<Int32> { labels[offsets[index]..<offsets[index + 1]] }

    /// For every class the clips that have it, ascending.
    func clipsByClass() -> [[Int32]] {
        var clipsOf = [[Int32]](repeating: [], count: classes)
        for clip in 0..<clips {
            for label in row(clip) { clipsOf[Int(label)].append(Int32(clip)) }
        }
        return clipsOf
    }
}
