/// The recordings divided by the hour of the day, by date, by month or by a column of their manifest, and what was found
/// in each part.
///
/// In a division by time, each moment of a recording belongs to the hour, day or month that the clock of the recording's
/// zone showed then; so a long recording is in several groups. Clips without a start time, or without a value in the
/// column, are a group of their own, which is the last.
package struct ClipDivision: Sendable, Equatable {
    /// What recordings are divided by.
    package enum Kind: Sendable, Equatable {
        case hour
        case date
        case month
        /// A further column of the manifest, by its name there.
        case column(String)

        /// What the groups are called: `hour`, or the column's name.
        package var name: String {
            switch self {
            case .hour: "hour"
            case .date: "date"
            case .month: "month"
            case .column(let name): name
            }
        }

        /// The groups in a heading.
        package var heading: String { self == .hour ? "hour of day" : name }
        /// Whether the groups are parts of time.
        package var isTime: Bool { if case .column = self { false } else { true } }
    }

    /// One part of the division.
    package struct Group: Sendable, Equatable {
        /// `04`, `2024-05-12`, `2024-05`, or the column's value; nil for clips without one.
        package let value: String?
        /// Clips of which at least a part is in the group.
        package let clips: Int
        /// Length of those parts.
        package let hours: Double

        package init(value: String?, clips: Int, hours: Double) {
            self.value = value
            self.clips = clips
            self.hours = hours
        }

        /// As tables and pages show it.
        package var name: String { value ?? "(none)" }
    }

    /// What was found of one class in one group.
    package struct Cell: Sendable, Equatable {
        /// Clips whose own score reaches the threshold; a clip counts in the group in which it begins.
        package var clipsAbove = 0
        /// Clips with a chunk in the group that reaches the threshold.
        package var clipsHeard = 0
        /// Samples that such chunks cover, without overlaps.
        package var samples = 0

        package init() {}
    }

    package let kind: Kind
    /// By value, compared byte by byte; those without one come last.
    package let groups: [Group]
    /// Number of classes.
    package let classes: Int
    /// Samples per second of the chunks; nil if there are no chunk scores: then nothing is known below whole clips.
    package let rate: Int?
    /// By group * classes + class; those in which nothing was found are missing.
    private let cells: [Int: Cell]

    /// - Parameter cells: by group * classes + class.
    package init(kind: Kind, groups: [Group], classes: Int, rate: Int?, cells: [Int: Cell]) {
        self.kind = kind
        self.classes = classes
        self.rate = rate
        let order = groups.indices.sorted { first, second in
            switch (groups[first].value, groups[second].value) {
            case (let a?, let b?): a.utf8.lexicographicallyPrecedes(b.utf8)
            case (nil, nil), (nil, _): false
            case (_, nil): true
            }
        }
        self.groups = order.map { groups[$0] }
        let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        self.cells = Dictionary(
            uniqueKeysWithValues: cells.map { key, cell in
                ((places[key / classes] ?? 0) * classes + key % classes, cell)
            })
    }

    /// What was found of a class in a group.
    package subscript(group: Int, index: Int) -> Cell { cells[group * classes + index] ?? Cell() }

    /// Hours covered by chunks at or above the threshold; NaN if there are no chunk scores.
    package func hoursAbove(group: Int, _ index: Int) -> Double {
        rate.map { Double(self[group, index].samples) / Double($0) / 3600 } ?? .nan
    }

    /// Classes of which anything was found, ascending.
    package var foundClasses: [Int] { Set(cells.keys.map { $0 % classes }).sorted() }

    /// Clips without a value.
    package var clipsWithoutValue: Int { groups.last.flatMap { $0.value == nil ? $0.clips : nil } ?? 0 }
}
